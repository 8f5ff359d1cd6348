//! The policy on deprecated and unstable parts of the schema (schema file `compat.json`).

use crate::error::{ErrorClass, Result};
use crate::messages;
use crate::schema::definition::Feature;

/// The policy on deprecated and unstable parts of the schema. A strict policy reveals whether a
/// client still relies on such parts. The names are those of QEMU's option `-compat`.
///
/// As in QEMU the policy covers commands, events, arguments, members and values with the feature
/// `deprecated` or `unstable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct CompatPolicy {
    /// The policy on deprecated input: commands, arguments, members and values that a client
    /// sends.
    pub deprecated_input: CompatPolicyInput,
    /// The policy on deprecated output: events, members, and the answer of `query-qmp-schema`.
    pub deprecated_output: CompatPolicyOutput,
    /// The policy on unstable input.
    pub unstable_input: CompatPolicyInput,
    /// The policy on unstable output. Unlike QEMU's it covers `query-qmp-schema` too.
    pub unstable_output: CompatPolicyOutput,
}

impl CompatPolicy {
    /// The policy that accepts and shows everything, which is the default.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            deprecated_input: CompatPolicyInput::Accept,
            deprecated_output: CompatPolicyOutput::Accept,
            unstable_input: CompatPolicyInput::Accept,
            unstable_output: CompatPolicyOutput::Accept,
        }
    }

    /// Sets the policy on deprecated input.
    #[must_use]
    pub const fn deprecated_input(mut self, policy: CompatPolicyInput) -> Self {
        self.deprecated_input = policy;
        self
    }

    /// Sets the policy on deprecated output.
    #[must_use]
    pub const fn deprecated_output(mut self, policy: CompatPolicyOutput) -> Self {
        self.deprecated_output = policy;
        self
    }

    /// Sets the policy on unstable input.
    #[must_use]
    pub const fn unstable_input(mut self, policy: CompatPolicyInput) -> Self {
        self.unstable_input = policy;
        self
    }

    /// Sets the policy on unstable output.
    #[must_use]
    pub const fn unstable_output(mut self, policy: CompatPolicyOutput) -> Self {
        self.unstable_output = policy;
        self
    }
}

/// The treatment of input that uses a deprecated or unstable part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum CompatPolicyInput {
    /// Accepts the input.
    #[default]
    Accept,
    /// Refuses the input with an error.
    Reject,
    /// Aborts the process, for tests that must not continue.
    Crash,
}

/// The treatment of deprecated or unstable parts in output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum CompatPolicyOutput {
    /// Sends the parts.
    #[default]
    Accept,
    /// Omits the parts.
    Hide,
}

/// Which of the features `deprecated` and `unstable` a part has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct FeatureFlags {
    deprecated: bool,
    unstable: bool,
}

impl FeatureFlags {
    /// Neither feature.
    pub(crate) const NONE: Self = Self { deprecated: false, unstable: false };

    /// The flags of a part with these features.
    pub(crate) fn of(features: impl Iterator<Item = &'static Feature>) -> Self {
        let mut flags = Self::NONE;
        for feature in features {
            flags.deprecated |= feature.name == "deprecated";
            flags.unstable |= feature.name == "unstable";
        }
        flags
    }

    /// Whether both have a feature in common.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.deprecated && other.deprecated || self.unstable && other.unstable
    }
}

/// The kind of input, as an error message names it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum InputKind {
    Command,
    Parameter,
    Value,
}

impl CompatPolicy {
    /// The policy that serves deprecated and unstable parts like all others.
    pub(crate) const ACCEPT: Self = Self {
        deprecated_input: CompatPolicyInput::Accept,
        deprecated_output: CompatPolicyOutput::Accept,
        unstable_input: CompatPolicyInput::Accept,
        unstable_output: CompatPolicyOutput::Accept,
    };

    /// Whether output has deprecated and unstable parts.
    pub(crate) fn shows_all(self) -> bool {
        self.hidden() == FeatureFlags::NONE
    }

    /// The features whose parts output omits.
    pub(crate) fn hidden(self) -> FeatureFlags {
        FeatureFlags {
            deprecated: self.deprecated_output == CompatPolicyOutput::Hide,
            unstable: self.unstable_output == CompatPolicyOutput::Hide,
        }
    }

    /// Checks input that uses a part with these features.
    ///
    /// # Errors
    /// The policy refuses input with one of the features.
    pub(crate) fn check(self, flags: FeatureFlags, kind: InputKind, name: &str) -> Result<()> {
        if flags.deprecated {
            self.deprecated_input.check("Deprecated", kind, name)?;
        }
        if flags.unstable {
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
