//! The server on real sockets.

mod clients;
mod harness;
mod socket_file;
