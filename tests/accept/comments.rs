//! Comments of Rust in every place.

use qapi_core::qapi_enum;

// Before the attribute.
#[qapi_enum] // Beside it.
/* Between it and the item. */
pub(crate) enum Status {
    // Above a value.
    Good,
    Bad, // Beside one.
    /* Before one. */ Ugly,
}
