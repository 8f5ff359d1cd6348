//! The definitions of the tests of recorded exchanges about arguments.

#[path = "../../tests/framework/visitor/definitions/mod.rs"]
mod recorded;
