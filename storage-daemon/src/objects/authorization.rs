//! Authorizations: who may connect.

use glob::Pattern;
use qapi_core::Result;

use super::messages;
use crate::schema::object::{
    AuthZListProperties, QAuthZListFormat, QAuthZListPolicy, QAuthZListRule,
};

/// Who may connect.
pub(super) enum Authorization {
    /// One identity.
    Identity(String),
    /// Those that a list of rules permits.
    List { rules: Vec<Rule>, default: QAuthZListPolicy },
}

/// A rule of a list.
pub(super) struct Rule {
    identities: Identities,
    policy: QAuthZListPolicy,
}

enum Identities {
    Exact(String),
    Glob(Pattern),
}

impl Authorization {
    /// An authorization by a list.
    ///
    /// # Errors
    /// A pattern is malformed.
    pub(super) fn list(properties: AuthZListProperties) -> Result<Self> {
        let rules = properties.rules.unwrap_or_default().into_iter().map(Rule::new);
        let default = properties.policy.unwrap_or_default();
        Ok(Authorization::List { rules: rules.collect::<Result<_>>()?, default })
    }

    /// Whether an identity may connect.
    pub(super) fn authorizes(&self, identity: &str) -> bool {
        match self {
            Authorization::Identity(known) => known == identity,
            Authorization::List { rules, default } => {
                let rule = rules.iter().find(|rule| rule.is_about(identity));
                rule.map_or(*default, |rule| rule.policy) == QAuthZListPolicy::Allow
            }
        }
    }
}

impl Rule {
    fn new(rule: QAuthZListRule) -> Result<Self> {
        let QAuthZListRule { r#match: text, policy, format } = rule;
        let identities = match format.unwrap_or_default() {
            QAuthZListFormat::Exact => Identities::Exact(text),
            QAuthZListFormat::Glob => {
                let pattern = Pattern::new(&text);
                Identities::Glob(pattern.map_err(|_| messages::malformed_pattern(&text))?)
            }
        };
        Ok(Rule { identities, policy })
    }

    fn is_about(&self, identity: &str) -> bool {
        match &self.identities {
            Identities::Exact(text) => text == identity,
            Identities::Glob(pattern) => pattern.matches(identity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_about_an_identity_decides() {
        use QAuthZListFormat::{Exact, Glob};
        use QAuthZListPolicy::{Allow, Deny};
        let rule = |text: &str, policy, format| QAuthZListRule {
            r#match: text.to_owned(),
            policy,
            format: Some(format),
        };
        let rules = vec![
            rule("CN=eve,O=Org", Deny, Exact),
            rule("CN=?*,O=Org", Allow, Glob),
            rule("CN=*", Deny, Exact),
        ];
        let list = |rules, policy| {
            let properties = AuthZListProperties { policy, rules };
            Authorization::list(properties).expect("the patterns are well-formed")
        };
        let table = [
            (list(Some(rules.clone()), None), "CN=eve,O=Org", false),
            (list(Some(rules.clone()), None), "CN=adam,O=Org", true),
            (list(Some(rules.clone()), None), "CN=,O=Org", false),
            (list(Some(rules.clone()), Some(Allow)), "CN=adam,O=Else", true),
            (list(Some(rules), Some(Allow)), "CN=*", false),
            (list(None, None), "CN=adam", false),
            (Authorization::Identity("CN=adam".to_owned()), "CN=adam", true),
            (Authorization::Identity("CN=*".to_owned()), "CN=adam", false),
        ];
        for (index, (authorization, identity, expected)) in table.into_iter().enumerate() {
            assert_eq!(authorization.authorizes(identity), expected, "{index}: {identity}");
        }
    }
}
