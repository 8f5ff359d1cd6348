//! The typed client, and the client for the tests of daemons.

mod lamp;
mod scripted_server;
mod test_client;
mod typed_client;
