//! Definitions as data, and the code that depends on definitions only: the rules of the schema, the
//! parts that a client can see, and the text in QAPI's schema language.
//!
//! - [`definition`]: commands, events and types as an annotation describes them
//! - `query`: queries on definitions that several files share
//! - `projection`, `compat`, `view`: the parts that a client can see, by release and by policy
//! - `check`, `conflict`: the rules that only the whole schema can break
//! - [`render`]: definitions in QAPI's schema language

pub(crate) mod check;
pub(crate) mod compat;
pub(crate) mod conflict;
pub mod definition;
pub(crate) mod projection;
pub(crate) mod query;
pub mod render;
pub(crate) mod view;

pub use check::conflicts;
pub use compat::{CompatPolicy, CompatPolicyInput, CompatPolicyOutput};
pub use conflict::{Conflict, ConflictPlace, Rule};
pub use projection::{Projection, Release};
pub use view::{MessageFormat, View};
