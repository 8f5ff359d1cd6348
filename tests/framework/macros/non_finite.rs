//! Numbers that JSON cannot express.

use qapi_core::{qapi_alternate, qapi_command, qapi_struct};
use serde_json::json;

use super::execute;

#[qapi_struct(transparent)]
struct MacroRatio(f64);

#[qapi_alternate]
enum MacroFiniteLoad {
    Exact(f64),
    Known(bool),
}

#[qapi_struct]
struct MacroLoad {
    average: f64,
    peaks: Vec<f64>,
    limit: Option<f64>,
    ratio: MacroRatio,
    other: Box<MacroFiniteLoad>,
}

#[qapi_struct]
struct MacroLoads {
    loads: Vec<MacroLoad>,
}

#[qapi_command]
fn macro_query_loads(number: u8) -> MacroLoads {
    let mut load = MacroLoad {
        average: 0.5,
        peaks: vec![1.0, 2.0],
        limit: Some(3.0),
        ratio: MacroRatio(0.25),
        other: Box::new(MacroFiniteLoad::Exact(4.0)),
    };
    match number {
        1 => load.average = f64::NAN,
        2 => load.peaks.push(f64::INFINITY),
        3 => load.limit = Some(f64::NEG_INFINITY),
        4 => load.ratio = MacroRatio(f64::NAN),
        5 => *load.other = MacroFiniteLoad::Exact(f64::NAN),
        6 => *load.other = MacroFiniteLoad::Known(true),
        _ => {}
    }
    MacroLoads { loads: vec![load] }
}

#[qapi_command(returns_exception)]
fn macro_query_numbers(finite: bool) -> Vec<f64> {
    vec![if finite { 1.0 } else { f64::NAN }]
}

#[test]
fn finite_numbers_are_numbers() {
    let reply = execute("macro-query-loads", json!({ "number": 0 })).unwrap();
    let load = json!({
        "average": 0.5, "peaks": [1, 2], "limit": 3, "ratio": 0.25, "other": 4,
    });
    assert_eq!(reply, json!({ "loads": [load] }));
    assert_eq!(execute("macro-query-numbers", json!({ "finite": true })), Ok(json!([1])));
}

#[test]
fn the_error_names_the_member() {
    for (number, member, value) in [
        (1, "average", "NaN"),
        (2, "peaks", "inf"),
        (3, "limit", "-inf"),
        (4, "ratio", "NaN"),
        (5, "other", "NaN"),
    ] {
        let error = execute("macro-query-loads", json!({ "number": number })).unwrap_err();
        let desc = format!(
            "The reply cannot be written: member 'loads': member '{member}': {value} is not a \
             number of JSON"
        );
        assert_eq!(error, desc);
    }
    assert!(execute("macro-query-loads", json!({ "number": 6 })).is_ok());
    assert!(execute("macro-query-numbers", json!({ "finite": false })).is_err());
}
