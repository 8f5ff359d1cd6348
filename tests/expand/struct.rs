/// Information about a job.
pub struct JobInfo {
    /// The job identifier.
    pub id: String,
    /// The kind of job.
    pub job_type: JobType,
    /// What it is doing.
    pub status: JobStatus,
    /// How much it has done.
    pub current_progress: i64,
    /// Why it failed.
    pub error: Option<String>,
}
#[allow(deprecated, reason = "the definition of a deprecated item is the way to it")]
const _: () = {
    use ::qapi_core::__private as __qapi;
    static __DEFINITION: __qapi::Definition = __qapi::Definition {
        name: "JobInfo",
        doc: "Information about a job.",
        since: __qapi::Some("3.0"),
        features: &[],
        source: __qapi::source!(),
        kind: __qapi::DefinitionKind::Struct(__qapi::Struct {
            base: __qapi::None,
            members: __MEMBERS,
        }),
    };
    __qapi::inventory::submit! {
        __qapi::Registration(& __DEFINITION)
    }
    static __MEMBERS: &[__qapi::Member] = &[
        __qapi::member(
            "id",
            "The job identifier.",
            <String as __qapi::MemberType>::SHAPE,
        ),
        __qapi::member(
            "type",
            "The kind of job.",
            <JobType as __qapi::MemberType>::SHAPE,
        ),
        __qapi::member(
            "status",
            "What it is doing.",
            <JobStatus as __qapi::MemberType>::SHAPE,
        ),
        __qapi::member(
            "current-progress",
            "How much it has done.",
            <i64 as __qapi::MemberType>::SHAPE,
        ),
        __qapi::member(
            "error",
            "Why it failed.",
            <Option<String> as __qapi::MemberType>::SHAPE,
        ),
    ];
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __qapi::QapiType for JobInfo {
        fn schema_type() -> __qapi::Type {
            __qapi::Type::Defined(&__DEFINITION)
        }
        fn visit(__input: __qapi::Input<'_, '_>) -> __qapi::Result<Self> {
            __qapi::visit_object(__input)
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl __qapi::QapiObject for JobInfo {
        fn visit_members(
            __object: &mut __qapi::ObjectVisitor<'_, '_>,
        ) -> __qapi::Result<Self> {
            __qapi::Ok(Self {
                id: <String as __qapi::MemberType>::visit_member(__object, "id")?,
                job_type: <JobType as __qapi::MemberType>::visit_member(
                    __object,
                    "type",
                )?,
                status: <JobStatus as __qapi::MemberType>::visit_member(
                    __object,
                    "status",
                )?,
                current_progress: <i64 as __qapi::MemberType>::visit_member(
                    __object,
                    "current-progress",
                )?,
                error: <Option<
                    String,
                > as __qapi::MemberType>::visit_member(__object, "error")?,
            })
        }
        fn serialize_members<__M: __qapi::SerializeMap>(
            &self,
            __map: &mut __M,
        ) -> __qapi::Result<(), __M::Error> {
            <String as __qapi::MemberType>::serialize_member(&self.id, "id", __map)?;
            <JobType as __qapi::MemberType>::serialize_member(
                &self.job_type,
                "type",
                __map,
            )?;
            <JobStatus as __qapi::MemberType>::serialize_member(
                &self.status,
                "status",
                __map,
            )?;
            <i64 as __qapi::MemberType>::serialize_member(
                &self.current_progress,
                "current-progress",
                __map,
            )?;
            <Option<
                String,
            > as __qapi::MemberType>::serialize_member(&self.error, "error", __map)?;
            __qapi::Ok(())
        }
    }
    #[automatically_derived]
    impl __qapi::Serialize for JobInfo {
        fn serialize<__S: __qapi::Serializer>(
            &self,
            __serializer: __S,
        ) -> __qapi::Result<__S::Ok, __S::Error> {
            __qapi::serialize_object(self, __serializer)
        }
    }
};
