//! Differences of two schemas, by what they mean for clients of the old one.
//!
//! ```
//! use qapi_schema::Schema;
//! use qapi_schema::diff::{Interface, Level, compare};
//!
//! let read = |text| Interface::from_schema(&Schema::from_text("lamp.json", text)).unwrap();
//! let old = read("{ 'command': 'light', 'data': { 'on': 'bool' } }");
//! let new = read("{ 'command': 'light', 'data': { 'on': 'bool', 'colour': 'str' } }");
//! let changes = compare(&old, &new);
//! assert_eq!(changes[0].rule.id, "sent-mandatory-member-added");
//! assert_eq!(changes[0].level, Level::Breaking);
//! assert_eq!(changes[0].ways().next().unwrap().to_string(), "light arguments.colour");
//! ```
//!
//! | file | subject |
//! |---|---|
//! | `rules` | the table of rules |
//! | `interface` | what clients see of a schema |
//! | `files`, `introspection` | interfaces from schema files and from introspection |
//! | `change`, `parts` | what a comparison reports; features and conditions of all parts |
//! | `compare` | commands and events |
//! | `pair`, `types`, `objects`, `graph` | pairs of types |
//! | `ways` | the ways from commands and events to changes |
//! | `accepted` | differences that the authors accept |
//! | `changelog` | what is new, for people |

mod accepted;
mod change;
mod changelog;
mod compare;
mod files;
mod graph;
mod interface;
mod introspection;
mod objects;
mod pair;
mod parts;
mod rules;
mod types;
mod ways;

pub use accepted::Accepted;
pub use change::{Change, Relief, Way};
pub use changelog::changelog;
pub use compare::compare;
pub use interface::{Interface, Place};
pub use rules::{Level, RULES, Rule};
