//! `query-documentation`, under a vendor's name.

use super::gather::document_shown;
use super::info::DefinitionDocumentation;
use crate::error::Result;
use crate::messages;
use crate::policy::Policy;
use crate::qapi_command;
use crate::registry::Registry;
use crate::schema::introspect::{Mask, introspect_shown};
use crate::session::SessionContext;
use crate::wire::Hidden;

/// Tells what commands, events and types are for: those that `query-qmp-schema` tells the caller
/// of, by name.
///
/// # Returns
/// One entry for each of them; one alone where a name is given.
///
/// # Errors
/// There is nothing of the given name that the caller may know of.
#[qapi_command(
    crate = crate,
    name = "__org.qapi-rs_query-documentation",
    client,
    allow_preconfig
)]
pub fn query_documentation(
    #[qapi(state)] registry: &Registry,
    #[qapi(state)] policy: &Policy,
    #[qapi(session)] session: &SessionContext,
    /// The name of a command, an event or a type; all of them if absent.
    name: Option<&str>,
) -> Result<Vec<DefinitionDocumentation>> {
    let hidden = Hidden { marks: policy.compat_policy().hidden(), as_of: registry.projection() };
    let may_execute = |name: &str| policy.may_execute(session.peer(), name);
    let shown = introspect_shown(registry, Mask::Unmasked, hidden, may_execute);
    let mut all = document_shown(registry, shown);
    if let Some(name) = name {
        all.retain(|documentation| documentation.name == name);
        if all.is_empty() {
            return Err(messages::definition_not_found(name));
        }
    }
    Ok(all)
}
