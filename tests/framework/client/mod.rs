//! The other end: the typed client, and the one for the tests of daemons.

mod house;
mod in_tests;
mod scripted;
mod typed;
