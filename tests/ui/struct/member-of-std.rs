//! Types of the standard library that have no form in JSON.

use qapi_core::qapi_struct;

#[qapi_struct]
struct Peer {
    address: std::net::IpAddr,
    since: std::time::SystemTime,
    hash: [u8; 32],
    range: (u64, u64),
    visits: std::cell::Cell<u64>,
    check: fn() -> bool,
    kind: Box<dyn std::fmt::Debug>,
}

fn main() {}
