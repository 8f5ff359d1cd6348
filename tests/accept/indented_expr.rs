//! Definitions in different columns.

use qapi_core::qapi_command;

#[qapi_command]
pub(crate) fn eins() {}

#[rustfmt::skip]
   #[qapi_command]
      pub(crate) fn zwei() {}
