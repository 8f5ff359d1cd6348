//! Background jobs.
#![forbid(unsafe_code)]
