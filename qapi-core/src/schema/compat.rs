//! What becomes of deprecated and unstable parts of the schema (schema file `compat.json`).

use crate::error::{ErrorClass, Result};
use crate::messages;
use crate::wire::Marks;

/// What becomes of deprecated and unstable parts of the schema: for finding out what a client
/// still relies on. The names are those of QEMU's option `-compat`.
///
/// As in QEMU it knows what bears the feature `deprecated` or `unstable`: commands, events,
/// arguments, members and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompatPolicy {
    /// What becomes of deprecated input: commands, arguments, members and values that a client
    /// sends.
    pub deprecated_input: CompatPolicyInput,
    /// What becomes of deprecated output: events and members that a client would be sent, and
    /// what `query-qmp-schema` tells.
    pub deprecated_output: CompatPolicyOutput,
    /// What becomes of unstable input.
    pub unstable_input: CompatPolicyInput,
    /// What becomes of unstable output. Unlike QEMU's, it concerns `query-qmp-schema` too.
    pub unstable_output: CompatPolicyOutput,
}

/// What becomes of input that a client should not rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CompatPolicyInput {
    /// It is accepted.
    #[default]
    Accept,
    /// It is refused with an error.
    Reject,
    /// It ends the process abnormally: for tests that must not go on.
    Crash,
}

/// What becomes of output that a client should not rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CompatPolicyOutput {
    /// It is sent.
    #[default]
    Accept,
    /// It is left out.
    Hide,
}

/// What kind of input it is; messages name it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum InputKind {
    Command,
    Parameter,
    Value,
}

impl CompatPolicy {
    /// Which output is left out.
    pub(crate) fn hidden(self) -> Marks {
        Marks {
            deprecated: self.deprecated_output == CompatPolicyOutput::Hide,
            unstable: self.unstable_output == CompatPolicyOutput::Hide,
        }
    }

    /// Refuses input that bears `marks`, if it is to be refused.
    pub(crate) fn check(self, marks: Marks, kind: InputKind, name: &str) -> Result<()> {
        if marks.deprecated {
            self.deprecated_input.check("Deprecated", kind, name)?;
        }
        if marks.unstable {
            self.unstable_input.check("Unstable", kind, name)?;
        }
        Ok(())
    }
}

impl CompatPolicyInput {
    fn check(self, adjective: &str, kind: InputKind, name: &str) -> Result<()> {
        let (class, noun) = match kind {
            InputKind::Command => (ErrorClass::CommandNotFound, "command"),
            InputKind::Parameter => (ErrorClass::GenericError, "parameter"),
            InputKind::Value => (ErrorClass::GenericError, "value"),
        };
        match self {
            Self::Accept => Ok(()),
            Self::Reject => Err(messages::disabled_by_policy(class, adjective, noun, name)),
            Self::Crash => {
                tracing::error!("{adjective} {noun} {name} was used: ending as the policy says");
                std::process::abort()
            }
        }
    }
}
