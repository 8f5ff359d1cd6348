//! A command that two modules define.

mod here {
    use qapi_core::qapi_command;

    #[qapi_command]
    fn redefined() {}
}

mod there {
    use qapi_core::qapi_command;

    #[qapi_command]
    fn redefined() {}
}
