use qapi_core::{Result, SessionContext, qapi_command, qapi_enum, qapi_event, qapi_struct};
use std::sync::Arc;

/// How far it got.
#[qapi_enum(since = "2.12", features(json_types))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not at all.
    NotYet,
    #[qapi(name = "2nd", since = "3.0", features(deprecated = "Use not-yet."))]
    Second,
}

#[qapi_struct]
#[derive(Debug)]
struct Base {
    id: String,
}

/// One.
#[qapi_struct(since = "1.0")]
#[derive(Debug)]
struct Info {
    #[qapi(base)]
    base: Base,
    /// The stage.
    stage: Stage,
    r#type: Option<i64>,
    others: Vec<Stage>,
}

#[qapi_event]
struct StageReached {
    stage: Stage,
}

#[qapi_event]
struct Nothing;

struct Store;

/// Does it.
#[qapi_command(since = "9.0")]
fn do_it(
    #[qapi(state)] store: &Store,
    /** The id. */
    id: &str,
    n: Option<i64>,
) -> Result<Vec<Info>> {
    let _ = (store, id, n);
    Ok(Vec::new())
}

#[qapi_command]
async fn wait_it(
    #[qapi(state)] store: &Store,
    #[qapi(session)] session: &SessionContext,
    id: &str,
    key: Option<&str>,
    keys: &[Stage],
) -> Result<(), String> {
    let _ = (store, session, id, key, keys);
    Ok(())
}

#[qapi_command(blocking, boxed)]
fn block_it(info: &Info, #[qapi(state)] store: Arc<Store>) -> i64 {
    let _ = (store, info);
    3
}

#[test]
fn x() {
    assert_eq!(Stage::NotYet.to_string(), "not-yet");
}
