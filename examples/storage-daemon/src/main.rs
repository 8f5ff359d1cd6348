//! Placeholder until the framework can serve.
fn main() {}
