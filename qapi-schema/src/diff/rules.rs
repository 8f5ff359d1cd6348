//! The table of rules.
//!
//! Clients send arguments, and receive return values and the data of events. QEMU's developers
//! document which changes are compatible for each direction ("The QAPI code generator",
//! "Compatibility considerations"). The rules for both directions differ, so each has its own.

/// What a difference means for clients that know the old schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Clients need not change.
    Info,
    /// Clients work, unless they rely on what the schema does not promise.
    Warning,
    /// Clients that use the part fail.
    Breaking,
}

impl Level {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Breaking => "breaking",
        }
    }
}

/// The section of the changelog that lists the changes of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Commands,
    Events,
    Arguments,
    Results,
    Deprecated,
    Changed,
    Removed,
}

/// A rule: a kind of difference, and what it means for clients.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The identifier. `sent-` begins those for arguments, `received-` those for return values and
    /// the data of events.
    pub id: &'static str,
    /// The level, unless the part is deprecated or unstable.
    pub level: Level,
    /// What the rule reports.
    pub description: &'static str,
    pub(super) section: Section,
}

macro_rules! rules {
    ($($name:ident $level:ident $section:ident $id:literal $description:literal;)*) => {
        $(pub(super) const $name: &Rule = &Rule {
            id: $id,
            level: Level::$level,
            description: $description,
            section: Section::$section,
        };)*

        /// All rules: of commands and events, of arguments, of what clients receive, of each part.
        pub const RULES: &[&Rule] = &[$($name),*];
    };
}

rules! {
    COMMAND_ADDED Info Commands "command-added" "a command is new";
    COMMAND_REMOVED Breaking Removed "command-removed" "a command no longer exists";
    COMMAND_OOB_ADDED Info Arguments "command-oob-added"
        "a command may be executed out of band";
    COMMAND_OOB_REMOVED Breaking Changed "command-oob-removed"
        "a command may no longer be executed out of band";
    COMMAND_PRECONFIG_ADDED Info Arguments "command-preconfig-added"
        "a command may be executed before the machine is configured (files only)";
    COMMAND_PRECONFIG_REMOVED Breaking Changed "command-preconfig-removed"
        "a command may no longer be executed before the machine is configured (files only)";
    COMMAND_REPLY_ADDED Warning Changed "command-reply-added"
        "the success of a command has a reply (files only)";
    COMMAND_REPLY_REMOVED Breaking Changed "command-reply-removed"
        "the success of a command has no reply any more (files only)";
    EVENT_ADDED Info Events "event-added" "an event is new";
    EVENT_REMOVED Warning Removed "event-removed" "an event no longer exists";

    SENT_MEMBER_ADDED Info Arguments "sent-member-added" "an optional member is new";
    SENT_MANDATORY_MEMBER_ADDED Breaking Changed "sent-mandatory-member-added"
        "a mandatory member is new";
    SENT_MEMBER_REMOVED Breaking Removed "sent-member-removed" "a member no longer exists";
    SENT_MEMBER_NOW_MANDATORY Breaking Changed "sent-member-now-mandatory"
        "an optional member is mandatory";
    SENT_MEMBER_NOW_OPTIONAL Info Arguments "sent-member-now-optional"
        "a mandatory member is optional";
    SENT_VALUE_ADDED Info Arguments "sent-value-added"
        "a value of an enumeration, with its branch of a union, is new";
    SENT_VALUE_REMOVED Breaking Removed "sent-value-removed"
        "a value of an enumeration, with its branch of a union, no longer exists";
    SENT_ALTERNATIVE_ADDED Info Arguments "sent-alternative-added"
        "values of another JSON type are accepted too";
    SENT_ALTERNATIVE_REMOVED Breaking Removed "sent-alternative-removed"
        "values of one of several JSON types are no longer accepted";
    SENT_TYPE_WIDENED Info Arguments "sent-type-widened"
        "a type accepts more values: number for int, string for an enumeration, any";
    SENT_TYPE_CHANGED Breaking Changed "sent-type-changed"
        "a type does not accept all values of the old one";
    SENT_RANGE_WIDENED Info Arguments "sent-range-widened"
        "an integer type accepts more numbers (files only)";
    SENT_RANGE_NARROWED Breaking Changed "sent-range-narrowed"
        "an integer type accepts fewer numbers (files only)";
    SENT_TAG_CHANGED Breaking Changed "sent-tag-changed"
        "another member selects the branch of a union";

    RECEIVED_MEMBER_ADDED Info Results "received-member-added" "a member is new";
    RECEIVED_MEMBER_REMOVED Breaking Removed "received-member-removed"
        "a mandatory member no longer exists";
    RECEIVED_OPTIONAL_MEMBER_REMOVED Warning Removed "received-optional-member-removed"
        "an optional member no longer exists";
    RECEIVED_MEMBER_NOW_MANDATORY Info Results "received-member-now-mandatory"
        "an optional member is mandatory";
    RECEIVED_MEMBER_NOW_OPTIONAL Breaking Changed "received-member-now-optional"
        "a mandatory member is optional";
    RECEIVED_VALUE_ADDED Warning Results "received-value-added"
        "a value of an enumeration, with its branch of a union, is new";
    RECEIVED_VALUE_REMOVED Warning Removed "received-value-removed"
        "a value of an enumeration, with its branch of a union, no longer exists";
    RECEIVED_ALTERNATIVE_ADDED Breaking Changed "received-alternative-added"
        "values of another JSON type are possible";
    RECEIVED_ALTERNATIVE_REMOVED Warning Removed "received-alternative-removed"
        "values of one of several JSON types are no longer possible";
    RECEIVED_TYPE_NARROWED Info Results "received-type-narrowed"
        "a type has fewer values: int in place of number, an enumeration in place of string";
    RECEIVED_TYPE_CHANGED Breaking Changed "received-type-changed"
        "a type has values that the old one does not have";
    RECEIVED_RANGE_WIDENED Warning Changed "received-range-widened"
        "an integer type has more numbers (files only)";
    RECEIVED_RANGE_NARROWED Info Results "received-range-narrowed"
        "an integer type has fewer numbers (files only)";
    RECEIVED_TAG_CHANGED Breaking Changed "received-tag-changed"
        "another member selects the branch of a union";

    DEPRECATED_ADDED Warning Deprecated "deprecated-added" "a part is deprecated";
    DEPRECATED_REMOVED Info Changed "deprecated-removed" "a part is no longer deprecated";
    UNSTABLE_ADDED Warning Changed "unstable-added" "a stable part is unstable";
    UNSTABLE_REMOVED Info Changed "unstable-removed" "an unstable part is stable";
    FEATURE_ADDED Info Changed "feature-added" "a part has another special feature";
    FEATURE_REMOVED Warning Changed "feature-removed" "a part lacks a special feature";
    CONDITION_ADDED Warning Changed "condition-added"
        "a part exists only in some configurations (files only)";
    CONDITION_CHANGED Warning Changed "condition-changed"
        "a part exists in other configurations (files only)";
    CONDITION_REMOVED Info Changed "condition-removed"
        "a part exists in all configurations (files only)";
}

impl Rule {
    /// The rule of an identifier.
    pub fn by_id(id: &str) -> Option<&'static Self> {
        RULES.iter().copied().find(|rule| rule.id == id)
    }
}
