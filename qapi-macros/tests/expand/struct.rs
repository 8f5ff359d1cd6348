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
#[allow(deprecated, non_snake_case, reason = "generated code uses names of the item")]
const _: () = {
    use ::qapi_core::__private as __qapi;
    static __DEFINITION: __qapi::Definition = __qapi::Definition::new(
        __qapi::Part::new("JobInfo", "Information about a job.").since("3.0"),
        ::qapi_core::__private::source!(),
        __qapi::DefinitionKind::Struct(__qapi::Struct::new(__qapi::None, __MEMBERS)),
    );
    ::qapi_core::__private::submit!(__qapi::Registration::new(& __DEFINITION));
    #[allow(unused_imports, reason = "all members may have an encoding")]
    use __qapi::MemberType as __Member;
    static __MEMBERS: &[__qapi::Member] = &[
        __qapi::Member::new(
            __qapi::Part::new("id", "The job identifier."),
            <String as __Member>::SHAPE,
        ),
        __qapi::Member::new(
            __qapi::Part::new("type", "The kind of job."),
            <JobType as __Member>::SHAPE,
        ),
        __qapi::Member::new(
            __qapi::Part::new("status", "What it is doing."),
            <JobStatus as __Member>::SHAPE,
        ),
        __qapi::Member::new(
            __qapi::Part::new("current-progress", "How much it has done."),
            <i64 as __Member>::SHAPE,
        ),
        __qapi::Member::new(
            __qapi::Part::new("error", "Why it failed."),
            <Option<String> as __Member>::SHAPE,
        ),
    ];
    #[automatically_derived]
    impl __qapi::QapiType for JobInfo {
        fn schema_type() -> __qapi::Type {
            __qapi::Type::Defined(&__DEFINITION)
        }
        fn visit(__input: __qapi::Input<'_, '_>) -> __qapi::Result<Self> {
            __qapi::visit_object(__input)
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
    impl __qapi::Sealed<__qapi::ObjectKind> for JobInfo {}
    impl __qapi::QapiObject for JobInfo {
        fn visit_members(
            __object: &mut __qapi::ObjectVisitor<'_, '_>,
        ) -> __qapi::Result<Self> {
            __qapi::Ok(Self {
                id: <String as __Member>::visit_member(__object, "id")?,
                job_type: <JobType as __Member>::visit_member(__object, "type")?,
                status: <JobStatus as __Member>::visit_member(__object, "status")?,
                current_progress: <i64 as __Member>::visit_member(
                    __object,
                    "current-progress",
                )?,
                error: <Option<String> as __Member>::visit_member(__object, "error")?,
            })
        }
        fn serialize_members<__M: __qapi::SerializeMap>(
            &self,
            __map: &mut __M,
        ) -> __qapi::Result<(), __M::Error> {
            <String as __Member>::serialize_member(&self.id, "id", __map)?;
            <JobType as __Member>::serialize_member(&self.job_type, "type", __map)?;
            <JobStatus as __Member>::serialize_member(&self.status, "status", __map)?;
            <i64 as __Member>::serialize_member(
                &self.current_progress,
                "current-progress",
                __map,
            )?;
            <Option<String> as __Member>::serialize_member(&self.error, "error", __map)?;
            __qapi::Ok(())
        }
    }
};
