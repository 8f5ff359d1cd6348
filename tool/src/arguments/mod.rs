//! Arguments of commands, as words of a command line.
//!
//! | word | meaning |
//! |---|---|
//! | `key=value` | the value has the type that the server's schema gives it |
//! | `nested.key=value`, `list.0=value` | a member of an object, an element of a list |
//! | `key:=JSON` | the value is JSON |
//! | `{…}` | several members as a JSON object |
//!
//! Words become [`Node`]s, and [`Typing`] gives these their types.

mod node;
mod typing;
mod words;

pub(crate) use node::{Content, Node};
pub(crate) use typing::{Mistake, Typing, article, plain};
pub(crate) use words::{arguments, keys};
