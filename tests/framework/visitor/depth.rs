//! Values of types that contain themselves: the depth has a limit, which is checked before the
//! stack is used.

use std::thread;

use qapi_core::wire::Document;
use qapi_core::{Input, MAX_VISIT_DEPTH, QapiType, qapi_alternate, qapi_struct};

/// An object that contains another one directly, in a list, or as an alternative.
#[qapi_struct]
#[derive(Debug, Clone)]
struct Nested {
    inner: Option<Box<Nested>>,
    list: Option<Vec<Nested>>,
    either: Option<NestedOrName>,
}

/// An object or its name.
#[qapi_alternate]
#[derive(Debug, Clone)]
enum NestedOrName {
    Object(Box<Nested>),
    Name(String),
}

/// The innermost value is at `depth`: this many values contain it.
fn visit(depth: usize, open: &str, close: &str) -> Result<(), String> {
    let text = format!("{}{{}}{}", open.repeat(depth), close.repeat(depth));
    let document = Document::parse(text.as_bytes()).unwrap();
    let visited = Nested::visit(Input::new(document.root()));
    visited.map(|nested| drop(nested.clone())).map_err(|error| error.to_string())
}

#[test]
fn the_depth_is_limited_for_each_way_to_nest() {
    let refused = "Parameters are nested too deep: the limit is 256 levels";
    let test = || {
        for (open, close) in [(r#"{"inner":"#, "}"), (r#"{"either":"#, "}")] {
            assert_eq!(visit(MAX_VISIT_DEPTH, open, close), Ok(()), "{open}");
            for depth in [MAX_VISIT_DEPTH + 1, 1000] {
                assert_eq!(visit(depth, open, close), Err(refused.to_owned()), "{open}");
            }
        }
        // A list is a level of its own.
        let (open, close) = (r#"{"list":["#, "]}");
        assert_eq!(visit(MAX_VISIT_DEPTH / 2, open, close), Ok(()));
        assert_eq!(visit(MAX_VISIT_DEPTH / 2 + 1, open, close), Err(refused.to_owned()));
        assert_eq!(visit(500, open, close), Err(refused.to_owned()));
    };
    // The frames of unoptimized code are large.
    let thread = thread::Builder::new().stack_size((MAX_VISIT_DEPTH * 32) << 10);
    thread.spawn(test).unwrap().join().unwrap();
}
