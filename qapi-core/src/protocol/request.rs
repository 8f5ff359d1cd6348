//! The envelope of a command: its name, its arguments and its id (QMP specification, "Issuing
//! Commands").

use crate::error::{Error, Result};
use crate::messages;
use crate::wire::document::Document;
use crate::wire::value::{Kind, Value};

/// A command as a client sent it, with unchecked arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'m> {
    pub(crate) command: &'m str,
    pub(crate) arguments: Option<Value<'m>>,
    pub(crate) oob: bool,
    /// The id that the reply repeats.
    pub(crate) id: Option<Value<'m>>,
}

impl<'m> Request<'m> {
    /// Reads the envelope. Until the client has enabled out-of-band execution, `exec-oob` is an
    /// unknown member.
    pub(crate) fn parse(document: &'m Document, oob_enabled: bool) -> Result<Self> {
        let message = document.root();
        if message.kind() != Kind::Object {
            return Err(messages::input_not_object());
        }
        let (mut execute, mut exec_oob, mut arguments, mut id) = (None, None, None, None);
        for (name, value) in message.entries() {
            match name {
                "execute" => execute = Some(command_name(name, value)?),
                "exec-oob" if oob_enabled => exec_oob = Some(command_name(name, value)?),
                "arguments" if value.kind() == Kind::Object => arguments = Some(value),
                "arguments" => return Err(messages::input_member_type(name, "an object")),
                "id" => id = Some(value),
                _ => return Err(messages::input_member_unexpected(name)),
            }
        }
        match (execute, exec_oob) {
            (Some(command), None) => Ok(Self { command, arguments, oob: false, id }),
            (None, Some(command)) => Ok(Self { command, arguments, oob: true, id }),
            (None, None) => Err(messages::input_lacks_execute()),
            (Some(_), Some(_)) => Err(messages::input_members_clash()),
        }
    }
}

/// Whether a message, well-formed or not, is for execution out of band.
pub(crate) fn is_oob(document: &Document) -> bool {
    let message = document.root();
    message.get("exec-oob").is_some() && message.get("execute").is_none()
}

/// The id of a message, well-formed or not, which the reply repeats.
pub(crate) fn id(document: &Document) -> Option<Value<'_>> {
    document.root().get("id")
}

fn command_name<'m>(member: &str, value: Value<'m>) -> Result<&'m str, Error> {
    value.as_str().ok_or_else(|| messages::input_member_type(member, "a string"))
}
