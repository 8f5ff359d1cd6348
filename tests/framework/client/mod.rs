//! The typed client, and the client for the tests of daemons.

mod deadlines;
mod declarations;
mod dependencies;
mod lamp;
mod reconnection;
mod scripted_server;
mod test_client;
mod typed_client;
