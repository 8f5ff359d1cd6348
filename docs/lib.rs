//! The book: `src/` has its pages, for readers on the web and for mdBook (`mdbook serve docs`).
//!
//! `cargo test` compiles every Rust block of the pages as a documentation test.

macro_rules! pages {
    ($($page:ident = $file:literal;)*) => {
        $(#[doc = include_str!(concat!("src/", $file))] #[cfg(doctest)] pub mod $page {})*
    };
}

pages! {
    introduction = "introduction.md";
    first_daemon = "first-daemon.md";
    state_and_sessions = "state-and-sessions.md";
    events = "events.md";
    jobs = "jobs.md";
    testing = "testing.md";
    access_and_operations = "access-and-operations.md";
    systemd = "systemd.md";
    clients = "clients.md";
    tool = "tool.md";
    schema_files = "schema-files.md";
    schema_diff = "schema-diff.md";
    coming_from_qemu = "coming-from-qemu.md";
    coming_from_other_frameworks = "coming-from-other-frameworks.md";
    limits = "limits.md";
}
