//! The job engine on several threads, in every order of the threads.
//!
//! Each test runs a few threads, and the drivers of a few jobs, in all orders up to a number of
//! departures from the simplest one: see [`every_order`](orders::every_order). To try more orders,
//! and to see their number:
//!
//! ```text
//! QAPI_DEPARTURES=3 cargo test --release -p interleavings -- --nocapture
//! ```
//!
//! A test that fails prints its order, which `shuttle::replay` repeats.

mod fixture;
mod orders;

mod engine;
mod transactions;
mod verbs;
