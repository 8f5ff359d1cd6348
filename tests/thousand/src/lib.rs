//! A thousand commands: a hundred in each of ten crates. The `use` declarations link the crates.

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

/// The ten crates by the word that is part of the crate's name and of its commands' names.
pub const PARTS: [&str; 10] = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett",
];
