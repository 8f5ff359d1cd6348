//! `qapi job`.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::scripted::{Scripted, event};
use crate::{Ended, qapi};

fn job(status: &str, error: Option<&str>) -> Value {
    let mut job = json!({
        "id": "j", "type": "backup", "status": status,
        "current-progress": 5, "total-progress": 10,
    });
    if let Some(error) = error {
        job["error"] = error.into();
    }
    job
}

fn list(jobs: &[Value]) -> Value {
    json!({ "return": jobs })
}

fn status(id: &str, status: &str) -> Value {
    event("JOB_STATUS_CHANGE", json!({ "id": id, "status": status }))
}

/// Waits for the job `j` of a server that answers the calls of `query-jobs` by `answers`. The last
/// one answers all further calls.
fn wait(answers: Vec<Vec<Value>>, options: &[&str]) -> Ended {
    let mut answers = answers.into_iter();
    let mut last = Vec::new();
    let server = Scripted::new(move |command| {
        assert_eq!(command, "query-jobs");
        last = answers.next().unwrap_or_else(|| last.clone());
        last.clone()
    });
    let address = server.address();
    let all: Vec<&str> = ["-q", "job", "wait", &address, "j"].into_iter().collect();
    qapi(&all.into_iter().chain(options.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn each_end_has_its_result_and_status() {
    let running = || list(&[job("running", None)]);
    for (answers, options, result, exit) in [
        (vec![vec![list(&[job("concluded", None)])]], &[][..], r#""completed""#, 0),
        (
            vec![vec![list(&[job("concluded", Some("disk full"))])]],
            &[],
            r#""failed","error":"disk full""#,
            5,
        ),
        (
            vec![vec![list(&[job("concluded", Some("Operation canceled"))])]],
            &[],
            r#""cancelled""#,
            6,
        ),
        // The job ends between two calls, and the server dismisses it.
        (
            vec![vec![running(), status("j", "concluded"), status("j", "null")], vec![list(&[])]],
            &[],
            r#""completed""#,
            0,
        ),
        (
            vec![
                vec![
                    running(),
                    status("other", "concluded"),
                    status("j", "aborting"),
                    event("BLOCK_JOB_COMPLETED", json!({ "device": "j", "error": "no space" })),
                    status("j", "concluded"),
                ],
                vec![list(&[])],
            ],
            &[],
            r#""failed","error":"no space""#,
            5,
        ),
        (
            vec![
                vec![running(), event("BLOCK_JOB_CANCELLED", json!({ "device": "j" }))],
                vec![list(&[])],
            ],
            &[],
            r#""cancelled""#,
            6,
        ),
        // The events precede the reply that lacks the job already.
        (vec![vec![status("j", "concluded"), list(&[])]], &[], r#""completed""#, 0),
        (vec![vec![list(&[job("ready", None)])]], &["--until", "ready"], r#""ready""#, 0),
        (vec![vec![list(&[job("pending", None)])]], &["--until", "pending"], r#""pending""#, 0),
        (vec![vec![list(&[job("concluded", None)])]], &["--until", "ready"], r#""completed""#, 0),
    ] {
        let ended = wait(answers.clone(), options);
        let expected = format!("{{\"id\":\"j\",\"result\":{result}}}\n");
        assert_eq!((ended.out.as_str(), ended.status), (expected.as_str(), exit), "{answers:?}");
    }
}

#[test]
fn a_job_that_does_not_exist_or_end_has_a_status() {
    let ended = wait(vec![vec![list(&[])]], &[]);
    assert_eq!((ended.status, ended.out.as_str()), (1, ""));
    let ended = wait(vec![vec![list(&[job("running", None)])]], &["--timeout", "0.3"]);
    assert_eq!((ended.status, ended.out.as_str()), (4, ""));
}

#[test]
fn a_job_is_dismissed_on_request() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let server = Scripted::new(move |command| {
        seen.lock().unwrap().push(command.to_owned());
        match command {
            "query-jobs" => vec![list(&[job("concluded", None)])],
            _ => vec![json!({ "return": {} })],
        }
    });
    let ended = qapi(&["job", "wait", &server.address(), "--dismiss"]);
    assert_eq!((ended.status, ended.err.as_str()), (0, "j: concluded, 50 %\n"), "{ended:?}");
    assert_eq!(*calls.lock().unwrap(), ["query-jobs", "query-jobs", "job-dismiss"]);
}

#[test]
fn each_verb_calls_its_command() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let server = Scripted::new(move |command| {
        seen.lock().unwrap().push(command.to_owned());
        vec![json!({ "return": {} })]
    });
    let verbs = ["cancel", "pause", "resume", "complete", "dismiss", "finalize"];
    for verb in verbs {
        let ended = qapi(&["job", verb, &server.address(), "j"]);
        assert_eq!((ended.status, ended.out.as_str()), (0, ""), "{ended:?}");
    }
    assert_eq!(*calls.lock().unwrap(), verbs.map(|verb| format!("job-{verb}")));
}

#[test]
fn watching_prints_each_change() {
    let mut answers = vec![
        vec![list(&[job("running", None)]), status("j", "concluded")],
        vec![list(&[job("concluded", Some("no space"))])],
    ]
    .into_iter();
    let server = Scripted::new(move |_| answers.next().unwrap());
    let ended = qapi(&["-q", "job", "watch", &server.address()]);
    let lines: Vec<Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, [job("running", None), job("concluded", Some("no space"))]);
    assert_eq!(ended.status, 0);
}
