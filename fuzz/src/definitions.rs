//! The definitions with which the tests ask every recorded case about arguments.

#[path = "../../tests/framework/visitor/definitions/mod.rs"]
mod recorded;
