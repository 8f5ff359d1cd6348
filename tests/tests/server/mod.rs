//! The server on real sockets.

mod calls;
mod clients;
mod harness;
mod socket_file;
