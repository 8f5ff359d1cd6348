//! Open enums, and the values that other crates add to them.

use std::collections::HashSet;

use qapi_core::introspection::Mask;
use qapi_core::schema::render::render;
use qapi_core::wire::Document;
use qapi_core::{Input, OpenValue, QapiType, qapi_command, qapi_enum, qapi_struct, qapi_union};
use serde_json::json;

use super::{definition_of, execute, read, refusal, registry, write};

/// The shape of a figure.
#[qapi_enum(since = "1.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum MacroShape {
    /// A circle.
    Round,
    /// A shape that another crate adds.
    #[qapi(open)]
    Other(OpenValue<MacroShape>),
}

/// Definitions of another crate.
mod elsewhere {
    use qapi_core::qapi_enum;

    /// Further shapes.
    #[qapi_enum(extends = super::MacroShape)]
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub(super) enum AngularShape {
        /// With three corners.
        #[cfg(any())]
        Triangle,
        /// With four corners.
        #[qapi(name = "__org.example_square", since = "1.2")]
        Square,
        /// With five.
        #[qapi(features(deprecated, ugly = "It is."))]
        Pentagon,
    }
}

use elsewhere::AngularShape;

/// The members of a round figure.
#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroRound {
    radius: i64,
}

/// A figure.
#[qapi_union(discriminator = "shape", tag = MacroShape)]
#[derive(Debug, PartialEq)]
enum MacroFigure {
    Round(MacroRound),
    #[qapi(open)]
    Other(OpenValue<MacroShape>),
}

/// Returns its argument as text.
#[qapi_command(returns_exception)]
fn macro_show(figure: MacroFigure) -> String {
    write(&figure)
}

/// Returns the documentation of a shape.
#[qapi_command(returns_exception)]
fn macro_describe(shape: MacroShape) -> String {
    match shape {
        MacroShape::Round => "our own".to_owned(),
        MacroShape::Other(value) => value.doc().to_owned(),
    }
}

const SQUARE: &str = "__org.example_square";

#[test]
fn added_values_are_read_and_written() {
    for (shape, name) in [
        (MacroShape::Round, "round"),
        (AngularShape::Square.into(), SQUARE),
        (AngularShape::Pentagon.into(), "pentagon"),
    ] {
        assert_eq!((write(&shape), shape.as_str()), (json!(name).to_string(), name));
        assert_eq!(shape.to_string(), name);
        assert_eq!(read::<MacroShape>(json!(name)).unwrap(), shape);
    }
    let refused = refusal::<Vec<MacroShape>>(json!(["triangle"]));
    assert_eq!(refused, "Parameter 'null' does not accept value 'triangle'");
}

#[test]
fn values_convert_both_ways() {
    let shape = MacroShape::from(AngularShape::Square);
    assert!(matches!(shape, MacroShape::Other(value) if value.to_string() == SQUARE));
    assert_eq!(AngularShape::try_from(shape), Ok(AngularShape::Square));
    assert_eq!(AngularShape::try_from(MacroShape::Round), Err(MacroShape::Round));
    let names: Vec<_> = AngularShape::ALL.iter().map(AngularShape::as_str).collect();
    assert_eq!(names, [SQUARE, "pentagon"]);
}

#[test]
fn added_values_can_be_listed_and_compared() {
    let added: Vec<_> = OpenValue::<MacroShape>::all().collect();
    assert_eq!(added.iter().map(OpenValue::as_str).collect::<Vec<_>>(), [SQUARE, "pentagon"]);
    assert_eq!(added[0].doc(), "With four corners.");
    assert_eq!(MacroShape::ALL, [MacroShape::Round]);
    assert_eq!(HashSet::<_>::from_iter(added.iter().chain(&added)).len(), 2);
    assert_eq!(format!("{:?}", added[0]), r#"OpenValue("__org.example_square")"#);
}

#[test]
fn commands_take_added_values() {
    let described = |shape| execute("macro-describe", json!({ "shape": shape }));
    assert_eq!(described("round"), Ok(json!("our own")));
    assert_eq!(described("pentagon"), Ok(json!("With five.")));
    let refused = "Parameter 'shape' does not accept value 'triangle'".to_owned();
    assert_eq!(described("triangle"), Err(refused));
}

#[test]
fn introspection_lists_added_values() {
    let infos = registry().introspect(Mask::Unmasked);
    let info = infos.iter().find(|info| info.name == "MacroShape").unwrap();
    let info = serde_json::to_value(info).unwrap();
    assert_eq!(info["values"], json!(["round", SQUARE, "pentagon"]));
    assert_eq!(info["members"][2]["features"], json!(["deprecated", "ugly"]));
    let figure = infos.iter().find(|info| info.name == "MacroFigure").unwrap();
    let cases = serde_json::to_value(figure).unwrap();
    assert_eq!(cases["variants"][2], json!({ "case": "pentagon", "type": "q_empty" }));
    let expression = render(definition_of::<MacroShape>());
    assert_eq!(expression["data"][1], SQUARE);
}

#[test]
fn unions_accept_added_values() {
    let round = json!({ "shape": "round", "radius": 1 });
    assert_eq!(read::<MacroFigure>(round).unwrap(), MacroFigure::Round(MacroRound { radius: 1 }));

    let other: MacroFigure = read(json!({ "shape": "pentagon" })).unwrap();
    let MacroFigure::Other(value) = other else { panic!("expected: an open value") };
    assert_eq!(MacroShape::Other(value), AngularShape::Pentagon.into());
    assert_eq!(write(&other), r#"{"shape":"pentagon"}"#);
    let refused = refusal::<MacroFigure>(json!({ "shape": "pentagon", "radius": 1 }));
    assert_eq!(refused, "Parameter 'radius' is unexpected");
}

/// Reads a value that a server sent.
fn received<T: QapiType>(text: &str) -> qapi_core::Result<T> {
    T::visit(Input::from_server(Document::parse(text.as_bytes()).unwrap().root()))
}

#[test]
fn a_client_receives_values_of_crates_that_it_does_not_link() {
    let shapes: Vec<MacroShape> = received(r#"["round", "oval", "oval"]"#).unwrap();
    assert_eq!(write(&shapes), r#"["round","oval","oval"]"#);
    assert_eq!(shapes[1], shapes[2]);
    assert!(matches!(shapes[1], MacroShape::Other(value) if value.doc().is_empty()));
    assert_eq!(AngularShape::try_from(shapes[1]), Err(shapes[1]));
    let figure: MacroFigure = received(r#"{"shape": "oval"}"#).unwrap();
    assert_eq!(write(&figure), r#"{"shape":"oval"}"#);
}

/// An enumeration of its own for the test of the limit, which it reaches.
#[qapi_enum]
#[derive(Debug, Clone, Copy, PartialEq)]
enum MacroPattern {
    #[qapi(open)]
    Other(OpenValue<MacroPattern>),
}

#[test]
fn the_names_of_unknown_values_are_bounded() {
    let pattern = |name: &str| received::<MacroPattern>(&format!("\"{name}\""));
    assert!(pattern(&"o".repeat(257)).is_err(), "the name is too long");
    let results: Vec<_> = (0..257).map(|number| pattern(&format!("p{number}"))).collect();
    assert!(results[..256].iter().all(Result::is_ok));
    let error = results[256].as_ref().unwrap_err().to_string();
    assert!(error.contains("does not accept value 'p256'"), "{error}");
    assert_eq!(pattern("p0").unwrap().as_str(), "p0");
}
