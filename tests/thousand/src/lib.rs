//! A thousand commands: a hundred in each of ten crates. The `use` declarations link the crates.

use qapi_core::prelude::*;

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

/// A part of the program.
#[qapi_struct]
pub struct ThousandPart {
    /// The word of the part.
    pub word: String,
}

/// Returns the parts of the program.
///
/// # Returns
/// All parts.
#[qapi_command]
pub fn query_thousand_parts() -> Vec<ThousandPart> {
    PARTS.iter().map(|&word| ThousandPart { word: word.to_owned() }).collect()
}
