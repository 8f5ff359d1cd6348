//! The attribute macros: each used, and checked by behaviour.

mod enum_;
