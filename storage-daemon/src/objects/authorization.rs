//! Authorizations: who may connect.

use glob::Pattern;
use parking_lot::RwLock;
use qapi_core::Result;
use serde_json::{Value, json};

use super::messages;
use super::properties::{ObjectProperties, Properties};
use crate::schema::object::{
    AuthZListProperties, AuthZSimpleProperties, QAuthZListFormat, QAuthZListPolicy,
    QAuthZListRule,
};

/// Who may connect.
pub(super) enum Authorization {
    /// One identity.
    Identity(Properties<AuthZSimpleProperties>),
    /// Those that a list of rules permits.
    List { properties: Properties<AuthZListProperties>, list: RwLock<List> },
}

/// The rules of a list.
pub(super) struct List {
    rules: Vec<Rule>,
    default: QAuthZListPolicy,
}

/// A rule of a list.
struct Rule {
    identities: Identities,
    policy: QAuthZListPolicy,
}

enum Identities {
    Exact(String),
    Glob(Pattern),
}

impl Authorization {
    /// An authorization of one identity.
    pub(super) fn identity(properties: AuthZSimpleProperties) -> Self {
        Authorization::Identity(Properties::new(properties))
    }

    /// An authorization by a list.
    ///
    /// # Errors
    /// A pattern is malformed.
    pub(super) fn list(properties: AuthZListProperties) -> Result<Self> {
        let list = RwLock::new(List::new(&properties)?);
        Ok(Authorization::List { properties: Properties::new(properties), list })
    }

    /// Whether an identity may connect.
    pub(super) fn authorizes(&self, identity: &str) -> bool {
        match self {
            Authorization::Identity(known) => known.all().identity == identity,
            Authorization::List { list, .. } => {
                let list = list.read();
                let rule = list.rules.iter().find(|rule| rule.is_about(identity));
                rule.map_or(list.default, |rule| rule.policy) == QAuthZListPolicy::Allow
            }
        }
    }
}

impl ObjectProperties for Authorization {
    fn type_name(&self) -> &'static str {
        match self {
            Authorization::Identity(_) => "authz-simple",
            Authorization::List { .. } => "authz-list",
        }
    }

    fn property(&self, name: &str) -> Option<Value> {
        let default = || match name {
            "policy" => Some(json!(QAuthZListPolicy::default())),
            "rules" => Some(json!([])),
            _mandatory => None,
        };
        match self {
            Authorization::Identity(properties) => properties.get(name),
            Authorization::List { properties, .. } => properties.get(name).or_else(default),
        }
    }

    fn set_property(&self, name: &str, value: Value) -> Result<()> {
        match self {
            Authorization::Identity(properties) => properties.set(name, value, |_| Ok(())),
            Authorization::List { properties, list } => properties.set(name, value, |changed| {
                *list.write() = List::new(changed)?;
                Ok(())
            }),
        }
    }
}

impl List {
    fn new(properties: &AuthZListProperties) -> Result<Self> {
        let rules = properties.rules.iter().flatten().map(Rule::new).collect::<Result<_>>()?;
        Ok(List { rules, default: properties.policy.unwrap_or_default() })
    }
}

impl Rule {
    fn new(rule: &QAuthZListRule) -> Result<Self> {
        let QAuthZListRule { r#match: text, policy, format } = rule;
        let identities = match format.unwrap_or_default() {
            QAuthZListFormat::Exact => Identities::Exact(text.clone()),
            QAuthZListFormat::Glob => {
                let pattern = Pattern::new(text);
                Identities::Glob(pattern.map_err(|_| messages::malformed_pattern(text))?)
            }
        };
        Ok(Rule { identities, policy: *policy })
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
        let identity = |text: &str| {
            Authorization::identity(AuthZSimpleProperties { identity: text.to_owned() })
        };
        let table = [
            (list(Some(rules.clone()), None), "CN=eve,O=Org", false),
            (list(Some(rules.clone()), None), "CN=adam,O=Org", true),
            (list(Some(rules.clone()), None), "CN=,O=Org", false),
            (list(Some(rules.clone()), Some(Allow)), "CN=adam,O=Else", true),
            (list(Some(rules), Some(Allow)), "CN=*", false),
            (list(None, None), "CN=adam", false),
            (identity("CN=adam"), "CN=adam", true),
            (identity("CN=*"), "CN=adam", false),
        ];
        for (index, (authorization, identity, expected)) in table.into_iter().enumerate() {
            assert_eq!(authorization.authorizes(identity), expected, "{index}: {identity}");
        }
    }

    #[test]
    fn a_list_decides_by_its_current_rules() {
        let properties = AuthZListProperties { policy: None, rules: None };
        let list = Authorization::list(properties).expect("there is no pattern");
        assert!(!list.authorizes("CN=adam"));
        let rule = json!({"match": "CN=a*", "policy": "allow", "format": "glob"});
        list.set_property("rules", json!([rule])).expect("the rule is well-formed");
        assert!(list.authorizes("CN=adam"));
        assert!(list.set_property("rules", json!([{"match": "[", "policy": "deny"}])).is_ok());
        let malformed = json!([{"match": "[", "policy": "deny", "format": "glob"}]);
        assert!(list.set_property("rules", malformed).is_err());
        assert!(!list.authorizes("CN=adam"));
        list.set_property("policy", json!("allow")).expect("the policy is well-formed");
        assert!(list.authorizes("CN=adam"));
    }
}
