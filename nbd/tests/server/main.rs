//! The server, through its socket.

mod client;
mod clients;
mod disk;
mod exports;
mod options;
mod requests;
mod tls;
