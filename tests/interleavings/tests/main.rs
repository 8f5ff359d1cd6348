//! The job engine on several threads, in every order in which they can take turns.
//!
//! Each test runs a few threads, and the drivers of a few jobs, in all orders that depart from the
//! plainest one at most so many times: [`every_order`](orders::every_order). To go further, and to
//! see how many orders there are:
//!
//! ```text
//! QAPI_DEPARTURES=3 cargo test --release -p interleavings -- --nocapture
//! ```
//!
//! A test that fails prints the order as a word, with which `shuttle::replay` does it again.

mod fixture;
mod orders;

mod engine;
mod transactions;
mod verbs;
