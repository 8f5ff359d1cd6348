/// Changes how fast a job runs.
fn job_set_speed(
    jobs: &Jobs,
    id: &str,
    speed: u64,
    burst: Option<u64>,
) -> Result<(), Error> {
    jobs.get(id)?.set_speed(speed, burst)
}
#[allow(deprecated, non_snake_case, reason = "generated code uses names of the item")]
const _: () = {
    use ::qapi_core::__private as __qapi;
    static __DEFINITION: __qapi::Definition = __qapi::Definition::new(
        __qapi::Part::new("job-set-speed", "Changes how fast a job runs.").since("2.12"),
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
            __qapi::Part::new("speed", "Bytes a second at most."),
            <u64 as __Member>::SHAPE,
        ),
        __qapi::Member::new(
            __qapi::Part::new("burst", "")
                .features(&[__qapi::Feature::new(__qapi::Part::new("unstable", ""))]),
            <Option<u64> as __Member>::SHAPE,
        ),
    ];
    fn __handle(
        __context: &__qapi::Context<'_>,
        __object: &mut __qapi::ObjectVisitor<'_, '_>,
        __out: &mut __qapi::ReturnWriter<'_>,
    ) -> __qapi::Result<()> {
        let __given_id = <&str as __Member>::visit_member(__object, "id")?;
        let __given_speed = <u64 as __Member>::visit_member(__object, "speed")?;
        let __given_burst = <Option<
            u64,
        > as __Member>::visit_marked(__object, &__DEFINITION, "burst")?;
        __object.finish()?;
        let __given_jobs = <Jobs as __qapi::State>::lend(__context)?;
        <Result<
            (),
            Error,
        > as __qapi::CommandResult>::write(
            job_set_speed(__given_jobs, __given_id, __given_speed, __given_burst),
            __out,
        )
    }
    ::qapi_core::__private::submit!(
        __qapi::Registration::command(& __DEFINITION, __qapi::Handler::Inline(__handle))
    );
};
