//! The commands and events that a package declares for clients.

use crate::call::handler::Registration;
use crate::schema::definition::call::Declaration;
use crate::schema::definition::{Definition, DefinitionKind};

/// The commands that a package declares without a body, and the events that it defines, sorted by
/// name. A crate of declarations offers them to its users, so that it need not list them:
///
/// ```
/// /// All commands and events of this crate, for `Client::check_schema`.
/// pub fn declarations() -> Vec<&'static qapi_core::Definition> {
///     qapi_core::client::declarations(env!("CARGO_PKG_NAME"))
/// }
/// ```
///
/// The list contains a crate only if the program links it: if the program uses something of it,
/// such as that function.
pub fn declarations(package: &str) -> Vec<&'static Definition> {
    let is_event = |definition: &&Definition| matches!(definition.kind, DefinitionKind::Event(_));
    let registered = inventory::iter::<Registration>.into_iter();
    let events = registered.map(Registration::definition).filter(is_event);
    let mut all: Vec<_> = Declaration::all()
        .chain(events)
        .filter(|definition| definition.source.package == package)
        .collect();
    all.sort_by_key(|definition| definition.part.name);
    all
}
