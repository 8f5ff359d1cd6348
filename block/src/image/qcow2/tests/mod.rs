//! Tests of the engine: replays of images write by write, and requests of several threads.

mod bitmaps;
mod clusters;
mod freed;
mod journal;
mod power_loss;
mod resize;
mod shared_tables;
mod snapshots;
mod threads;
