/// Changes how fast a job runs.
fn job_set_speed(
    jobs: &Jobs,
    id: &str,
    speed: u64,
    burst: Option<u64>,
) -> Result<(), Error> {
    jobs.get(id)?.set_speed(speed, burst)
}
#[allow(deprecated, reason = "the definition of a deprecated item is the way to it")]
const _: () = {
    use ::qapi_core::__private as __qapi;
    static __DEFINITION: __qapi::Definition = __qapi::Definition {
        name: "job-set-speed",
        doc: "Changes how fast a job runs.",
        since: __qapi::Some("2.12"),
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
        __qapi::member(
            "speed",
            "Bytes a second at most.",
            <u64 as __qapi::MemberType>::SHAPE,
        ),
        __qapi::member("burst", "", <Option<u64> as __qapi::MemberType>::SHAPE)
            .features(
                &[
                    __qapi::Feature {
                        name: "unstable",
                        doc: "",
                    },
                ],
            ),
    ];
    fn __handle(
        __context: &__qapi::Context<'_>,
        __object: &mut __qapi::ObjectVisitor<'_, '_>,
        __out: &mut __qapi::ReturnWriter<'_>,
    ) -> __qapi::Result<()> {
        let __parameter_id = <&str as __qapi::MemberType>::visit_member(__object, "id")?;
        let __parameter_speed = <u64 as __qapi::MemberType>::visit_member(
            __object,
            "speed",
        )?;
        let __parameter_burst = {
            let __optional = <Option<u64> as __qapi::MemberType>::OPTIONAL;
            __object
                .refuse_marked(
                    "burst",
                    __optional,
                    __qapi::Marks {
                        deprecated: false,
                        unstable: true,
                    },
                )?;
            <Option<u64> as __qapi::MemberType>::visit_member(__object, "burst")?
        };
        __object.finish()?;
        let __parameter_jobs = <Jobs as __qapi::State>::lend(__context)?;
        <Result<
            (),
            Error,
        > as __qapi::CommandReturn>::write(
            job_set_speed(
                __parameter_jobs,
                __parameter_id,
                __parameter_speed,
                __parameter_burst,
            ),
            __out,
        )
    }
};
