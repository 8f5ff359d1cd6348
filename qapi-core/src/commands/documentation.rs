//! The command `__org.qapi-rs_query-documentation`, which returns the documentation of definitions.

use crate::call::handler::Registration;
use crate::call::session::SessionContext;
use crate::documentation::gather::document_shown;
use crate::documentation::info::DefinitionDocumentation;
use crate::error::Result;
use crate::introspection::introspect::Mask;
use crate::registry::Registry;
use crate::schema::definition::Definition;
use crate::schema::view::View;
use crate::{messages, qapi_command};

/// The registration of the command, for a registry from
/// [`Registry::from_registrations`](crate::Registry::from_registrations).
pub fn registrations() -> [Registration; 1] {
    [QUERY_DOCUMENTATION]
}

/// Returns the documentation of the commands, events and types that `query-qmp-schema` shows the
/// caller.
///
/// # Returns
/// One entry for each definition, sorted by name; only one entry if the argument `name` is present.
///
/// # Errors
/// `query-qmp-schema` shows the caller no definition of this name.
#[qapi_command(
    crate = crate,
    name = "__org.qapi-rs_query-documentation",
    client,
    registration = QUERY_DOCUMENTATION,
    allow_preconfig
)]
pub fn query_documentation(
    #[qapi(state)] registry: &Registry,
    #[qapi(state)] view: &View,
    #[qapi(session)] session: &SessionContext,
    /// The name of a command, an event or a type. If absent, all definitions are returned.
    name: Option<&str>,
) -> Result<Vec<DefinitionDocumentation>> {
    let may_execute = |command: &Definition| session.may_execute(command);
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
