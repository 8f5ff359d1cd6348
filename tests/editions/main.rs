//! The attributes in crates of earlier editions: one package for each edition has this test. All
//! other packages have the edition of the workspace.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![allow(
    clippy::redundant_field_names,
    clippy::uninlined_format_args,
    reason = "of all editions"
)]

extern crate qmp;
extern crate tokio;

mod definitions;

#[test]
fn commands_work() {
    definitions::commands_work();
}
