//! Replays of images write by write: an image must be sound after each of them.

mod clusters;
mod journal;
