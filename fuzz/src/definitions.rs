//! The definitions of the commands in the recorded cases about arguments.

#[path = "../../tests/framework/visitor/definitions/mod.rs"]
mod recorded;
