//! The pipeline from tokens to tokens, without a compiler at either end.
//!
//! The folder `tests/expand` of the package contains the expected expansions of some items.
//! After an intended change, `TRYBUILD=overwrite cargo test -p qapi-macros` rewrites them.

use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;

use crate::pipeline;

mod mutations;

type Attribute = fn(TokenStream, TokenStream) -> TokenStream;

/// Compares the expansion of `item` with the expected expansion in `file`.
fn compare(file: &str, attribute: Attribute, args: TokenStream, item: TokenStream) {
    let expanded = syn::parse2(attribute(args, item)).expect("the expansion is a file");
    let expanded = prettyplease::unparse(&expanded);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand").join(file);
    if std::env::var_os("TRYBUILD").is_some_and(|value| value == "overwrite") {
        std::fs::write(&path, &expanded).expect("the file can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the file is there");
    assert_eq!(expanded, expected, "{} differs", path.display());
}

#[test]
fn a_command_with_three_arguments() {
    let item = quote! {
        /// Changes how fast a job runs.
        fn job_set_speed(
            #[qapi(state)] jobs: &Jobs,
            /** The job identifier. */
            id: &str,
            /** Bytes a second at most. */
            speed: u64,
            #[qapi(features(unstable))] burst: Option<u64>,
        ) -> Result<(), Error> {
            jobs.get(id)?.set_speed(speed, burst)
        }
    };
    compare("command.rs", pipeline::qapi_command, quote!(since = "2.12"), item);
}

#[test]
fn a_command_with_a_struct_for_clients() {
    let item = quote! {
        /// Changes how fast a job runs.
        pub fn job_set_speed(
            #[qapi(state)] jobs: &Jobs,
            /** The job identifier. */
            id: &str,
            speed: Option<u64>,
        ) -> Result<(), Error> {
            jobs.get(id)?.set_speed(speed)
        }
    };
    compare("client.rs", pipeline::qapi_command, quote!(client), item);
}

#[test]
fn a_struct_with_five_members() {
    let item = quote! {
        /// Information about a job.
        pub struct JobInfo {
            /// The job identifier.
            pub id: String,
            /// The kind of job.
            #[qapi(name = "type")]
            pub job_type: JobType,
            /// What it is doing.
            pub status: JobStatus,
            /// How much it has done.
            pub current_progress: i64,
            /// Why it failed.
            pub error: Option<String>,
        }
    };
    compare("struct.rs", pipeline::qapi_struct, quote!(since = "3.0"), item);
}

#[test]
fn generated_code_uses_the_given_crate_path() {
    let cases: [(Attribute, &str, &str); 8] = [
        (pipeline::qapi_enum, "", "enum Case { One }"),
        (pipeline::qapi_struct, "", "struct Info { #[qapi(base)] base: Base, a: i64 }"),
        (
            pipeline::qapi_union,
            "discriminator = \"case\", tag = Case,",
            "enum Info { One(Other), Two }",
        ),
        (pipeline::qapi_union, "", "struct Info { #[qapi(discriminator)] case: Cases }"),
        (pipeline::qapi_alternate, "", "enum Either { One(i64) }"),
        (pipeline::qapi_event, "", "struct Done { a: i64 }"),
        (
            pipeline::qapi_command,
            "",
            "async fn run(#[qapi(state)] a: &A, b: &str, c: Option<&[i64]>) -> Info { Info }",
        ),
        (pipeline::qapi_command, "client,", "fn run(#[qapi(fd)] a: OwnedFd, b: &[i64]) {}"),
    ];
    for (attribute, args, item) in cases {
        let parse = |text: &str| text.parse::<TokenStream>().expect("tokens");
        let code = attribute(parse(&format!("{args} crate = other::path")), parse(item));
        let code = code.to_string();
        assert!(code.contains("other :: path :: __private"), "{code}");
        assert!(!code.contains("qapi_core") && !code.contains("compile_error"), "{code}");
    }
}

#[test]
fn all_errors_are_reported_at_once_and_the_item_is_emitted() {
    let item = quote! {
        struct Info<T> {
            #[qapi(since = "soon")]
            has_it: T,
            #[qapi(nmae = "x")]
            u: i64,
            #[qapi(base)]
            base: Base,
        }
    };
    let code = pipeline::qapi_struct(quote!(since = 3, odd), item).to_string();
    assert_eq!(code.matches("compile_error").count(), 8, "{code}");
    assert!(code.starts_with("struct Info < T > { has_it : T , u : i64 , base : Base , }"));
}

#[test]
fn doc_comments_on_parameters_do_not_reach_the_compiler() {
    let item = quote! {
        /// The function.
        fn run(/** The parameter. */ #[qapi(since = "1.0")] #[allow(unused)] a: i64) {}
    };
    let code = pipeline::qapi_command(quote!(), item).to_string();
    assert!(
        code.starts_with("# [doc = r\" The function.\"] fn run (# [allow (unused)] a : i64) { }"),
        "{code}"
    );
}

#[test]
fn tokens_that_are_no_item_are_emitted_unchanged() {
    let code = pipeline::qapi_struct(quote!(), quote!(struct;)).to_string();
    assert!(code.starts_with("struct ;") && code.contains("compile_error"), "{code}");
}
