//! The attribute macros.
#![forbid(unsafe_code)]
