/// Changes how fast a job runs.
pub fn job_set_speed(jobs: &Jobs, id: &str, speed: Option<u64>) -> Result<(), Error> {
    jobs.get(id)?.set_speed(speed)
}
///`job-set-speed`, as a client executes it: the function's arguments.
#[allow(dead_code, non_camel_case_types, reason = "it is a call of the function")]
pub struct job_set_speed<'a> {
    ///The job identifier.
    pub id: &'a str,
    ///The argument `speed`.
    pub speed: Option<u64>,
}
#[allow(deprecated, reason = "the definition of a deprecated item is the way to it")]
const _: () = {
    use ::qapi_core::__private as __qapi;
    static __DEFINITION: __qapi::Definition = __qapi::Definition {
        name: "job-set-speed",
        doc: "Changes how fast a job runs.",
        since: __qapi::None,
        features: &[],
        source: __qapi::source!(),
        kind: __qapi::DefinitionKind::Command(__qapi::Command {
            arguments: __qapi::Arguments::Members(__MEMBERS),
            returns: <Result<(), Error> as __qapi::CommandReturn>::returns,
            returns_doc: "",
            allow_oob: false,
            allow_preconfig: false,
            success_response: true,
            needs: &[<Jobs as __qapi::State>::NEED],
            handler: __qapi::Handler::Inline(__handle),
        }),
    };
    __qapi::inventory::submit! {
        __qapi::Registration(& __DEFINITION)
    }
    static __MEMBERS: &[__qapi::Member] = &[
        __qapi::member("id", "The job identifier.", <&str as __qapi::MemberType>::SHAPE),
        __qapi::member("speed", "", <Option<u64> as __qapi::MemberType>::SHAPE),
    ];
    fn __handle(
        __context: &__qapi::Context<'_>,
        __object: &mut __qapi::ObjectVisitor<'_, '_>,
        __out: &mut __qapi::ReturnWriter<'_>,
    ) -> __qapi::Result<()> {
        let __parameter_id = <&str as __qapi::MemberType>::visit_member(__object, "id")?;
        let __parameter_speed = <Option<
            u64,
        > as __qapi::MemberType>::visit_member(__object, "speed")?;
        __object.finish()?;
        let __parameter_jobs = <Jobs as __qapi::State>::lend(__context)?;
        <Result<
            (),
            Error,
        > as __qapi::CommandReturn>::write(
            job_set_speed(__parameter_jobs, __parameter_id, __parameter_speed),
            __out,
        )
    }
    #[automatically_derived]
    impl __qapi::QapiCommand for job_set_speed<'_> {
        const DEFINITION: &'static __qapi::Definition = &__DEFINITION;
        type Return = <Result<(), Error> as __qapi::CommandReturn>::Value;
        fn serialize_arguments<__M: __qapi::SerializeMap>(
            &self,
            __map: &mut __M,
        ) -> __qapi::Result<(), __M::Error> {
            <&str as __qapi::MemberType>::serialize_member(&self.id, "id", __map)?;
            <Option<
                u64,
            > as __qapi::MemberType>::serialize_member(&self.speed, "speed", __map)?;
            __qapi::Ok(())
        }
    }
};
