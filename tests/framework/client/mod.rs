//! The other end: the typed client, and the one for the tests of daemons.

mod lamp;
mod scripted_server;
mod test_client;
mod typed_client;
