//! The schema that a server returns for `query-qmp-schema`, to be looked up by name.

use std::collections::{BTreeMap, HashMap};

use qapi_core::ErrorClass;
use qapi_core::client::ClientError;
use qapi_core::introspection::info::{
    SchemaInfo, SchemaInfoCommand, SchemaInfoKind, SchemaInfoObject, SchemaInfoObjectMember,
};

use crate::connection::Connection;
use crate::status::Result;

/// The similarity, between 0 and 1, above which a name may be meant in place of another.
const SIMILAR: f64 = 0.85;

/// The commands, events and types of a server.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    commands: BTreeMap<String, SchemaInfoCommand>,
    /// The type of the data of each event.
    events: BTreeMap<String, String>,
    types: HashMap<String, SchemaInfoKind>,
}

impl Schema {
    /// The schema of a server; `None` if the server has no `query-qmp-schema`, or an answer of
    /// another form, as before QEMU 6.2.
    ///
    /// # Errors
    /// [`Failure::Connection`](crate::status::Failure::Connection), and
    /// [`Failure::TimedOut`](crate::status::Failure::TimedOut)
    pub(crate) async fn query(connection: &mut Connection) -> Result<Option<Self>> {
        match connection.client.call("query-qmp-schema").await {
            Ok(entities) => Ok(Some(Self::new(entities))),
            Err(ClientError::Command(error)) if error.class() == ErrorClass::CommandNotFound => {
                Ok(None)
            }
            Err(ClientError::Unexpected(_)) => Ok(None),
            Err(error) => Err(connection.failure(error)),
        }
    }

    /// The schema of these entities.
    pub(crate) fn new(entities: Vec<SchemaInfo>) -> Self {
        let mut schema = Self::default();
        for entity in entities {
            match entity.meta_type {
                SchemaInfoKind::Command(command) => {
                    schema.commands.insert(entity.name, command);
                }
                SchemaInfoKind::Event(event) => {
                    schema.events.insert(entity.name, event.arg_type);
                }
                kind => {
                    schema.types.insert(entity.name, kind);
                }
            }
        }
        schema
    }

    /// The command of this name.
    pub(crate) fn command(&self, name: &str) -> Option<&SchemaInfoCommand> {
        self.commands.get(name)
    }

    /// The type of this name.
    pub(crate) fn kind(&self, name: &str) -> Option<&SchemaInfoKind> {
        self.types.get(name)
    }

    /// The object type of this name.
    pub(crate) fn object(&self, name: &str) -> Option<&SchemaInfoObject> {
        match self.kind(name)? {
            SchemaInfoKind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The members that an object of this type may have, where `tag` is the value of the member
    /// that selects the variant, if it is known.
    pub(crate) fn members<'a>(
        &'a self,
        object: &'a SchemaInfoObject,
        tag: Option<&str>,
    ) -> impl Iterator<Item = &'a SchemaInfoObjectMember> {
        let variants = object.variants.iter().flatten();
        let chosen = variants.filter(move |variant| Some(variant.case.as_str()) == tag);
        let added = chosen.filter_map(|variant| self.object(&variant.variant_type));
        object.members.iter().chain(added.flat_map(|variant| &variant.members))
    }

    /// The names of all commands, sorted.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &str> {
        self.commands.keys().map(String::as_str)
    }

    /// The names of all events, sorted.
    pub(crate) fn events(&self) -> impl Iterator<Item = &str> {
        self.events.keys().map(String::as_str)
    }

    /// The command whose name is closest to `name`, if one is close.
    pub(crate) fn similar_command(&self, name: &str) -> Option<&str> {
        let distance = |known: &&str| strsim::jaro_winkler(name, known);
        let closest =
            self.commands().max_by(|one, other| distance(one).total_cmp(&distance(other)));
        closest.filter(|closest| distance(closest) > SIMILAR)
    }

    /// The type of the actions of `transaction`, if the server has that command.
    pub(crate) fn transaction_action(&self) -> Option<&str> {
        let arguments = self.object(&self.command("transaction")?.arg_type)?;
        let actions = arguments.members.iter().find(|member| member.name == "actions")?;
        match self.kind(&actions.member_type)? {
            SchemaInfoKind::Array(array) => Some(&array.element_type),
            _ => None,
        }
    }

    /// The names of the actions of `transaction`.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &str> {
        let action = self.transaction_action().and_then(|name| self.object(name));
        let variants = action.and_then(|action| action.variants.as_ref()).into_iter().flatten();
        variants.map(|variant| variant.case.as_str())
    }

    /// The type of the data of an action of `transaction`.
    pub(crate) fn action_data(&self, action: &str) -> Option<&str> {
        let object = self.object(self.transaction_action()?)?;
        let mut variants = object.variants.iter().flatten();
        let variant =
            self.object(&variants.find(|variant| variant.case == action)?.variant_type)?;
        let data = variant.members.iter().find(|member| member.name == "data")?;
        Some(&data.member_type)
    }
}
