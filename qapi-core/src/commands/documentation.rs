//! `query-documentation`, under a vendor's name: the documentation of definitions.

use crate::call::handler::Registration;
use crate::call::session::SessionContext;
use crate::documentation::gather::document_shown;
use crate::documentation::info::DefinitionDocumentation;
use crate::error::Result;
use crate::introspection::introspect::Mask;
use crate::policy::Policy;
use crate::registry::Registry;
use crate::schema::view::View;
use crate::{messages, qapi_command};

/// The registration of the command, for a registry that is made by
/// [`Registry::from_registrations`](crate::Registry::from_registrations).
pub fn registrations() -> [Registration; 1] {
    [QUERY_DOCUMENTATION]
}

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
    registration = QUERY_DOCUMENTATION,
    allow_preconfig
)]
pub fn query_documentation(
    #[qapi(state)] registry: &Registry,
    #[qapi(state)] policy: &Policy,
    #[qapi(state)] view: &View,
    #[qapi(session)] session: &SessionContext,
    /// The name of a command, an event or a type; all of them if absent.
    name: Option<&str>,
) -> Result<Vec<DefinitionDocumentation>> {
    let may_execute = |name: &str| policy.may_execute(session.peer(), name);
    let shown = registry.introspect_shown(Mask::Unmasked, view, may_execute);
    let mut all = document_shown(registry, shown);
    if let Some(name) = name {
        all.retain(|documentation| documentation.name == name);
        if all.is_empty() {
            return Err(messages::definition_not_found(name));
        }
    }
    Ok(all)
}
