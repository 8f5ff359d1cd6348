//! What the attributes refuse, and in which words: one mistake a file in `tests/ui`.
//!
//! `TRYBUILD=overwrite cargo test -p qapi-tests ui` writes the expected words anew.

#[test]
fn mistakes_are_refused_with_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("ui/*/*.rs");
}
