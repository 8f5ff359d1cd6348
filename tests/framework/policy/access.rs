//! Access lists, which restrict commands to users and groups.

use qapi_core::policy::{Access, CommandProfile};
use qapi_core::prelude::*;
use qapi_core::registry::Rule;
use qapi_core::schema::definition::Part;
use qapi_core::service::PolicyHandle;
use qapi_core::session::{Peer, PeerCredentials, SessionOptions};
use qapi_core::{Policy, Registry};
use serde_json::{Value, json};

use super::session_under;
use crate::support::session::SessionFixture;

/// A type that only `policy-secret` refers to.
#[qapi_struct]
struct PolicySecret {
    word: String,
}

/// Returns the secret.
#[qapi_command]
fn policy_secret() -> PolicySecret {
    PolicySecret { word: "open".to_owned() }
}

/// Returns nothing.
#[qapi_command]
fn policy_open() {}

fn peer(uid: u32, gid: u32) -> Option<Peer> {
    Some(PeerCredentials::new(uid, gid).into())
}

#[test]
fn access_lists_allow_and_deny() {
    let caller = peer(1000, 100);
    let cases = [
        ("anyone", Access::anyone(), true, true),
        ("none", Access::none(), false, false),
        ("allowed by user", Access::anyone().allow_uid(1000), true, false),
        ("allowed by group", Access::none().allow_gid(100), true, false),
        ("another allowed", Access::anyone().allow_uid(1).allow_gid(2), false, false),
        ("denied by user", Access::anyone().deny_uid(1000), false, false),
        ("denied by group", Access::anyone().deny_gid(100), false, false),
        ("another denied", Access::anyone().deny_uid(1).deny_gid(2), true, false),
        ("allowed and denied", Access::anyone().allow_uid(1000).deny_gid(100), false, false),
        ("unidentified too", Access::none().allow_uid(1000).allow_unidentified(), true, true),
        ("unidentified only", Access::none().allow_unidentified(), false, true),
    ];
    for (what, access, identified, unidentified) in cases {
        assert_eq!(access.permits(caller.as_ref()), identified, "{what}");
        assert_eq!(access.permits(None), unidentified, "{what}, unidentified");
    }
}

#[test]
fn only_owner_and_root_may_connect_by_default() {
    let own = rustix::process::geteuid().as_raw();
    let policy = Policy::new();
    for (uid, may) in [(own, true), (0, true), (own.wrapping_add(1).max(1), false)] {
        let credentials = PeerCredentials::new(uid, 0).into();
        assert_eq!(policy.may_connect(&credentials), may, "{uid}");
    }
}

/// A session of the user `uid`. Only user 7 may execute `policy-secret`.
fn session_of(uid: u32) -> SessionFixture {
    let policy = Policy::new().command("policy-secret", Access::none().allow_uid(7));
    let options = SessionOptions::default().peer(peer(uid, 0));
    session_under(policy, "main::policy::access", &options)
}

#[test]
fn patterns_restrict_commands() {
    let own = |uid| Access::none().allow_uid(uid);
    let policy = Policy::new()
        .commands("*", own(1))
        .commands("query-*", own(2))
        .commands("*-a*c", own(3))
        .command("query-abc", own(4));
    let allowed = |name: &str| {
        let name = Part::new(name.to_owned().leak(), "");
        let may = |uid: &u32| policy.may_execute(peer(*uid, 0).as_ref(), &name);
        (1..=4).filter(may).collect::<Vec<u32>>()
    };
    for (name, uids) in [
        ("quit", vec![1]),
        ("query-", vec![2]),
        ("query-version", vec![2]),
        ("x-query-a", vec![1]),
        ("query-axc", vec![3]),
        ("x-ac", vec![3]),
        ("x-acd", vec![1]),
        ("query-abc", vec![4]),
        ("qmp_capabilities", vec![1, 2, 3, 4]),
    ] {
        assert_eq!(allowed(name), uids, "{name}");
    }
}

#[test]
fn a_pattern_hides_commands_and_must_match_one() {
    let policy = Policy::new().commands("policy-s*t", Access::none().allow_uid(7));
    let options = SessionOptions::default().peer(peer(8, 0));
    let mut session = session_under(policy, "main::policy::access", &options);
    let refused = session.ask(r#"{"execute": "policy-secret"}"#);
    assert!(refused.contains("The command policy-secret has not been found"), "{refused}");
    assert_eq!(session.ask(r#"{"execute": "policy-open"}"#), "{\"return\": {}}\r\n");

    let registry = Registry::collect().unwrap();
    let policy = Policy::new().commands("policy-x*", Access::none());
    let error = registry.check_policy(&policy).unwrap_err().to_string();
    assert!(error.contains("a policy for the command `policy-x*`"), "{error}");
}

fn returned(output: &str) -> Vec<Value> {
    let message: Value = serde_json::from_str(output).unwrap();
    message["return"].as_array().unwrap().clone()
}

#[test]
fn a_refused_command_does_not_exist_for_the_caller() {
    let output = session_of(8).ask(r#"{"execute": "policy-secret", "id": 1}"#);
    let expected = "{\"id\": 1, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The \
                    command policy-secret has not been found\"}}\r\n";
    assert_eq!(output, expected);
    let output = session_of(7).ask(r#"{"execute": "policy-secret"}"#);
    assert_eq!(output, "{\"return\": {\"word\": \"open\"}}\r\n");
}

#[test]
fn a_refused_command_is_absent_from_all_lists_for_the_caller() {
    let named = |name: &str| json!({ "name": name });
    for (uid, may) in [(7, true), (8, false)] {
        let commands = returned(&session_of(uid).ask(r#"{"execute": "query-commands"}"#));
        assert_eq!(commands.contains(&named("policy-secret")), may, "{uid}");
        assert!(commands.contains(&named("policy-open")));
        let schema = returned(&session_of(uid).ask(r#"{"execute": "query-qmp-schema"}"#));
        let has = |name: &str| schema.iter().any(|info| info["name"] == name);
        assert_eq!(has("policy-secret"), may, "{uid}");
        assert!(has("policy-open"));
        let word = |info: &Value| {
            info["members"]
                .as_array()
                .is_some_and(|members| members.iter().any(|member| member["name"] == "word"))
        };
        assert_eq!(
            schema.iter().any(word),
            may,
            "the schema lists the type only with its command"
        );
    }
}

#[test]
fn a_policy_for_an_unknown_command_is_refused() {
    let policy = Policy::new().command("policy-secrte", Access::none());
    let error = Registry::collect().unwrap().check_policy(&policy).unwrap_err();
    assert_eq!(error.conflicts().len(), 1);
    assert_eq!(error.conflicts()[0].rule(), Rule::CommandPresent);
    assert!(error.to_string().contains("`policy-secrte`"), "{error}");
}

/// Changes nothing.
#[qapi_command(features(org_example_read_only))]
fn policy_look() {}

#[test]
fn supplementary_groups_count() {
    let caller = Peer::from(PeerCredentials::new(1000, 100).groups([7, 8]));
    let permits = |access: Access| access.permits(Some(&caller));
    assert!(permits(Access::none().allow_gid(8)));
    assert!(permits(Access::none().allow_gid(100)));
    assert!(!permits(Access::none().allow_gid(9)));
    assert!(!permits(Access::anyone().deny_gid(7)), "a denied group is refused in any case");
}

#[test]
fn features_and_profiles_restrict_commands() {
    let monitoring =
        CommandProfile::new("monitoring").commands("query-*").feature("org-example-read-only");
    let policy = Policy::new()
        .commands("*", Access::none().allow_uid(1))
        .commands_with_feature("org-example-read-only", Access::none().allow_uid(2))
        .profile(monitoring, Access::none().allow_uid(3));
    let registry = Registry::collect().unwrap();
    let allowed = |name: &str| {
        let command = registry.definition(name).unwrap();
        let may = |uid: &u32| policy.may_execute(peer(*uid, 0).as_ref(), command);
        (1..=3).filter(may).collect::<Vec<u32>>()
    };
    assert_eq!(allowed("policy-open"), [1]);
    assert_eq!(allowed("policy-look"), [3], "the later rule precedes");
    assert_eq!(allowed("query-version"), [3]);
}

/// The messages of the faults of `policy`.
fn faults(policy: &Policy) -> Vec<String> {
    let checked = Registry::collect().unwrap().check_policy(policy);
    let Err(error) = checked else { return Vec::new() };
    error.conflicts().iter().map(|fault| fault.message().to_owned()).collect()
}

#[test]
fn a_policy_that_contradicts_itself_is_refused() {
    let own = |uid| Access::none().allow_uid(uid);
    let cases = [
        (
            Policy::new().peers(own(7).deny_uid(7)),
            "the policy for clients both allows and denies user 7; remove one of the two",
        ),
        (
            Policy::new().command("quit", Access::none().allow_gid(8).deny_gid(8)),
            "the policy for `quit` both allows and denies group 8; remove one of the two",
        ),
        (
            Policy::new().command("quit", own(1)).command("quit", own(2)),
            "the policy has two rules for the command `quit`; remove one of the two",
        ),
        (
            Policy::new().commands("policy-*", own(1)).commands("*", own(2)),
            "the rule of the policy for `policy-*` never applies, as other rules precede it for \
             each of its commands; remove it, or add it after them",
        ),
        (
            Policy::new().commands_with_feature("org-example-none", own(1)),
            "the server has a policy for the command `org-example-none`, which does not exist; \
             correct the name, or remove the policy",
        ),
    ];
    for (policy, message) in cases {
        assert_eq!(faults(&policy), [message]);
    }
    assert_eq!(
        faults(&Policy::new().commands("*", own(1)).commands("policy-*", own(2))),
        [""; 0]
    );
}

#[test]
fn a_policy_changes_while_the_service_runs() {
    let handle = PolicyHandle::new(Policy::new());
    let options = SessionOptions::default().peer(peer(8, 0)).policy(Some(handle.clone()));
    let mut session = session_under(Policy::new(), "main::policy::access", &options);
    let secret = r#"{"execute": "policy-secret"}"#;
    assert!(session.ask(secret).starts_with("{\"return\": "));
    handle.replace(Policy::new().command("policy-secret", Access::none())).unwrap();
    assert!(session.ask(secret).contains("The command policy-secret has not been found"));
    let listed = session.ask(r#"{"execute": "query-commands"}"#);
    assert!(!listed.contains("policy-secret"), "{listed}");
    handle.replace(Policy::new()).unwrap();
    assert!(session.ask(secret).starts_with("{\"return\": "));
}
