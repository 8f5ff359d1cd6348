//! The server, tested on real sockets.

mod activation;
mod clients;
mod executor;
mod fds;
pub(crate) mod fixture;
mod foreign_protocols;
mod listeners;
mod memory;
mod outgoing_connections;
mod places;
mod presented_release;
mod serve_errors;
mod socket_file;
mod transports;
mod vsock;
