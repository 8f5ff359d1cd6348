//! The capabilities that a client may enable when it connects (schema file `control.json`).

use crate::qapi_enum;

/// A capability of the protocol that a client may enable during negotiation.
#[qapi_enum(crate = crate, name = "QMPCapability", since = "2.12")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QmpCapability {
    /// Out-of-band execution of commands that allow it.
    Oob,
}
