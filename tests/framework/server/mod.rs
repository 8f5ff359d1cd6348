//! The server on real sockets.

mod activation;
mod calls;
mod clients;
mod fds;
mod harness;
mod outgoing;
mod presented;
mod socket_file;
mod transports;
