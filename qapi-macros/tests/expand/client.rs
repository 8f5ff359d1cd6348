/// Changes how fast a job runs.
pub fn job_set_speed(jobs: &Jobs, id: &str, speed: Option<u64>) -> Result<(), Error> {
    jobs.get(id)?.set_speed(speed)
}
///`job-set-speed`, as a client executes it: the command's arguments.
#[allow(
    dead_code,
    elided_lifetimes_in_paths,
    missing_debug_implementations,
    non_camel_case_types,
    non_snake_case,
    reason = "the struct has the name of the function"
)]
pub struct job_set_speed<'a> {
    ///The job identifier.
    pub id: &'a str,
    ///The argument `speed`.
    pub speed: ::qapi_core::__private::Option<u64>,
}
#[allow(
    clippy::too_many_arguments,
    dead_code,
    deprecated,
    elided_lifetimes_in_paths,
    non_snake_case,
    reason = "the functions have the names and attributes of the command"
)]
impl<'a> job_set_speed<'a> {
    /// The command with its mandatory arguments. Optional arguments are absent.
    #[must_use]
    pub fn new(id: &'a str) -> Self {
        Self {
            id,
            speed: ::qapi_core::__private::Option::None,
        }
    }
    ///Sets the argument `speed`.
    #[must_use]
    pub fn speed(mut self, speed: u64) -> Self {
        self.speed = ::qapi_core::__private::Option::Some(speed);
        self
    }
}
#[allow(deprecated, non_snake_case, reason = "generated code uses names of the item")]
const _: () = {
    use ::qapi_core::__private as __qapi;
    static __DEFINITION: __qapi::Definition = __qapi::Definition::new(
        __qapi::Part::new("job-set-speed", "Changes how fast a job runs."),
        ::qapi_core::__private::source!(),
        __qapi::DefinitionKind::Command(
            __qapi::Command::new(
                    __qapi::Arguments::Members(__MEMBERS),
                    __qapi::Reference::by_function(
                        <Result<(), Error> as __qapi::CommandResult>::returns,
                    ),
                )
                .requires(&[<Jobs as __qapi::State>::REQUIREMENT]),
        ),
    );
    #[allow(unused_imports, reason = "all members may have an encoding")]
    use __qapi::MemberType as __Member;
    static __MEMBERS: &[__qapi::Member] = &[
        __qapi::Member::new(
            __qapi::Part::new("id", "The job identifier."),
            <&str as __Member>::SHAPE,
        ),
        __qapi::Member::new(
            __qapi::Part::new("speed", ""),
            <Option<u64> as __Member>::SHAPE,
        ),
    ];
    fn __handle(
        __context: &__qapi::Context<'_>,
        __object: &mut __qapi::ObjectVisitor<'_, '_>,
        __out: &mut __qapi::ReturnWriter<'_>,
    ) -> __qapi::Result<()> {
        let __given_id = <&str as __Member>::visit_member(__object, "id")?;
        let __given_speed = <Option<u64> as __Member>::visit_member(__object, "speed")?;
        __object.finish()?;
        let __given_jobs = <Jobs as __qapi::State>::lend(__context)?;
        <Result<
            (),
            Error,
        > as __qapi::CommandResult>::write(
            job_set_speed(__given_jobs, __given_id, __given_speed),
            __out,
        )
    }
    #[automatically_derived]
    impl<'a> __qapi::QapiCommand for job_set_speed<'a>
    where
        for<'__any> Result<(), Error>: __qapi::CommandResult,
    {
        const DEFINITION: &'static __qapi::Definition = &__DEFINITION;
        type Return = <Result<(), Error> as __qapi::CommandResult>::Value;
        fn serialize_arguments<__M: __qapi::SerializeMap>(
            &self,
            __map: &mut __M,
        ) -> __qapi::Result<(), __M::Error> {
            <&str as __Member>::serialize_member(&self.id, "id", __map)?;
            <Option<u64> as __Member>::serialize_member(&self.speed, "speed", __map)?;
            __qapi::Ok(())
        }
    }
    ::qapi_core::__private::submit!(
        __qapi::Registration::command(& __DEFINITION, __qapi::Handler::Inline(__handle))
    );
};
