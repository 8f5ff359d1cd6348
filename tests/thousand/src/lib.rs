//! A thousand commands, a hundred in each of ten crates, which all are linked by being named here.

use thousand_alpha as _;
use thousand_bravo as _;
use thousand_charlie as _;
use thousand_delta as _;
use thousand_echo as _;
use thousand_foxtrot as _;
use thousand_golf as _;
use thousand_hotel as _;
use thousand_india as _;
use thousand_juliett as _;

/// The ten crates, by what is their own in their names and those of their commands.
pub const PARTS: [&str; 10] = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett",
];
