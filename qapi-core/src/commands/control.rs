//! The commands of the protocol itself (schema files `control.json` and `introspect.json`):
//! negotiation, version, schema, and shutdown.

use std::sync::Arc;

use crate::call::handler::ReturnWriter;
use crate::call::session::SessionContext;
use crate::error::Result;
use crate::introspection::info::SchemaInfo;
use crate::introspection::introspect::Mask;
use crate::protocol::greeting::{QmpCapability, ServerVersion};
use crate::registry::Registry;
use crate::schema::definition::Definition;
use crate::schema::definition::type_::Type;
use crate::schema::view::MessageFormat;
use crate::service::shutdown::Shutdown;
use crate::types::QapiType;
use crate::types::command::CommandReturn;
use crate::{qapi_command, qapi_struct};

/// Ends capability negotiation. Afterwards the server executes all commands and sends events.
///
/// This must be the first command of a connection. It can succeed only once.
#[qapi_command(
    crate = crate,
    name = "qmp_capabilities",
    name_exception,
    allow_preconfig,
    since = "0.13"
)]
fn qmp_capabilities(
    #[qapi(session)] session: &SessionContext,
    /// The capabilities to enable, a subset of those in the greeting; none if absent.
    #[qapi(since = "2.12")]
    enable: Option<Vec<QmpCapability>>,
) -> Result<()> {
    session.negotiate()?;
    for capability in enable.unwrap_or_default() {
        match capability {
            QmpCapability::Oob => session.enable_oob(),
        }
    }
    Ok(())
}

/// A version of three numbers.
// QEMU's schema has `Since: 2.4`, the release that gave the type a name. The members are as old as
// `VersionInfo`, which without the type would have no counterpart in earlier releases.
#[qapi_struct(crate = crate, since = "0.14")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionTriple {
    /// The major version.
    pub major: i64,
    /// The minor version.
    pub minor: i64,
    /// The micro version.
    pub micro: i64,
}

/// The version of the schema that the server presents, and the version of the server.
#[qapi_struct(crate = crate, since = "0.14")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// The release of QEMU whose schema the server presents.
    pub qemu: VersionTriple,
    /// The name and version of the server, as free text.
    pub package: String,
}

/// Returns the version of the schema that the server presents, and the version of the server.
#[qapi_command(crate = crate, client, allow_preconfig, since = "0.14")]
pub fn query_version(#[qapi(state)] version: &ServerVersion) -> VersionInfo {
    version.into()
}

impl From<&ServerVersion> for VersionInfo {
    fn from(version: &ServerVersion) -> Self {
        let &ServerVersion { major, minor, micro, ref package } = version;
        let (major, minor, micro) = (major.into(), minor.into(), micro.into());
        Self { qemu: VersionTriple { major, minor, micro }, package: package.clone() }
    }
}

/// A command that the server executes.
#[qapi_struct(crate = crate, since = "0.14")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandInfo {
    /// The name of the command.
    pub name: String,
}

/// Lists the commands that the caller may execute, sorted by name.
///
/// QEMU lists commands in the reverse order of its schema files. Clients treat the list as a set.
#[qapi_command(crate = crate, client, allow_preconfig, since = "0.14")]
pub fn query_commands(
    #[qapi(state)] registry: &Registry,
    #[qapi(session)] session: &SessionContext,
) -> Vec<CommandInfo> {
    let commands = registry.commands().map(|(definition, _)| definition);
    commands
        .filter(|command| session.may_execute(command))
        .map(|command| CommandInfo { name: command.name.to_owned() })
        .collect()
}

/// Lists every command and event, and every type that they refer to. Parts that the server's policy
/// hides from the caller are absent.
#[qapi_command(crate = crate, allow_preconfig, since = "2.5")]
fn query_qmp_schema(
    #[qapi(state)] registry: Arc<Registry>,
    #[qapi(session)] session: Arc<SessionContext>,
) -> Introspection {
    Introspection { registry, session }
}

/// The return value of `query-qmp-schema`. A caller without restrictions receives the text that the
/// registry has rendered.
struct Introspection {
    registry: Arc<Registry>,
    session: Arc<SessionContext>,
}

impl CommandReturn for Introspection {
    type Value = Vec<SchemaInfo>;

    fn returns() -> Option<Type> {
        Some(<Self::Value as QapiType>::schema_type())
    }

    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()> {
        let Self { registry, session } = self;
        let MessageFormat { style, view } = *out.format();
        if !style.pretty && view.compat().shows_all() && !session.is_restricted() {
            out.write_rendered(registry.introspection());
            return Ok(());
        }
        let shown = |command: &Definition| session.may_execute(command);
        out.write(&registry.introspect_shown(Mask::Masked, &view, shown))
    }
}

/// Ends the server.
///
/// The reply follows the last events of the server's work: the server runs its shutdown hooks
/// first.
#[qapi_command(
    crate = crate,
    client,
    allow_preconfig,
    // The shutdown hooks may take longer than other calls.
    deadline = "none",
    since = "0.14"
)]
pub async fn quit(#[qapi(state)] shutdown: &Shutdown) {
    shutdown.request();
    shutdown.hooks_finished().await;
}
