//! Definitions that do not stand in one column.

use qapi_core::qapi_command;

#[qapi_command]
pub(crate) fn eins() {}

#[rustfmt::skip]
   #[qapi_command]
      pub(crate) fn zwei() {}
