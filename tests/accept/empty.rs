//! No definition.
