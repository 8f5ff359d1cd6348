//! Further types of members and arguments: newtypes, paths, durations, bytes and borrowed types.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qapi_core::schema::definition::{DefinitionKind, Member, TypeRef};
use qapi_core::wire::Document;
use qapi_core::{
    Input, QapiType, Scalars, Size, qapi_alternate, qapi_command, qapi_enum, qapi_struct,
    qapi_union,
};
use serde_json::json;

use super::{definition_of, execute, name_of, read, refusal, write};

/// A newtype of a string.
#[qapi_struct(transparent)]
#[derive(Debug, Clone, PartialEq)]
struct MacroNodeName(String);

/// Newtypes of other types.
#[qapi_struct(transparent)]
#[derive(Debug, PartialEq)]
struct MacroNodeNames {
    names: Vec<MacroNodeName>,
}

#[qapi_alternate]
#[derive(Debug, PartialEq)]
enum MacroNodeRef {
    Name(MacroNodeName),
    Names(MacroNodeNames),
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroTyped {
    name: MacroNodeName,
    reference: Option<MacroNodeRef>,
    text: Cow<'static, str>,
    file: PathBuf,
    size: Size,
    #[qapi(unit = "ms", since = "1.1")]
    timeout: Duration,
    #[qapi(unit = "s", features(unstable))]
    age: Option<Duration>,
    #[qapi(base64)]
    data: Vec<u8>,
    #[qapi(base64)]
    more: Option<Vec<u8>>,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroWaits {
    #[qapi(unit = "us")]
    short: Duration,
    #[qapi(unit = "ns")]
    shorter: Duration,
}

#[qapi_enum]
#[derive(Clone, Copy)]
enum MacroTimed {
    Once,
}

#[qapi_union(tag = MacroTimed)]
enum MacroTimedBranches {
    Once,
}

#[qapi_union]
struct MacroTimer {
    #[qapi(unit = "ms")]
    after: Duration,
    #[qapi(discriminator)]
    kind: MacroTimedBranches,
}

/// Takes all of these types, borrowed and owned.
#[qapi_command(client, returns_exception)]
fn macro_types(
    file: &Path,
    other: Option<&Path>,
    #[qapi(unit = "ms")] timeout: Duration,
    #[qapi(unit = "s")] age: Option<&Duration>,
    #[qapi(base64)] data: &[u8],
    #[qapi(base64)] more: Option<&[u8]>,
    text: Cow<'static, str>,
) -> String {
    let (age, more) = (age.map(Duration::as_millis), more.map(<[u8]>::len));
    let other = other.map(Path::display).is_some();
    format!("{} {other} {timeout:?} {age:?} {data:?} {more:?} {text}", file.display())
}

const TYPED: &str = concat!(
    r#"{"name":"a","reference":["b","c"],"text":"t","file":"/f","size":7,"timeout":1500,"#,
    r#""age":60,"data":"AQL/","more":""}"#
);

fn typed() -> MacroTyped {
    let names = ["b", "c"].map(|name| MacroNodeName(name.to_owned())).into();
    MacroTyped {
        name: MacroNodeName("a".to_owned()),
        reference: Some(MacroNodeRef::Names(MacroNodeNames { names })),
        text: Cow::Borrowed("t"),
        file: PathBuf::from("/f"),
        size: Size(7),
        timeout: Duration::from_millis(1500),
        age: Some(Duration::from_secs(60)),
        data: vec![1, 2, 255],
        more: Some(Vec::new()),
    }
}

fn members<T: QapiType>() -> &'static [Member] {
    match &definition_of::<T>().kind {
        DefinitionKind::Struct(body) => body.members,
        kind => panic!("expected: a struct, found: {kind:?}"),
    }
}

#[test]
fn values_are_read_and_written() {
    assert_eq!(write(&typed()), TYPED);
    assert_eq!(read::<MacroTyped>(serde_json::from_str(TYPED).unwrap()).unwrap(), typed());
    let waits: MacroWaits = read(json!({ "short": 5, "shorter": 6 })).unwrap();
    assert_eq!((waits.short.as_nanos(), waits.shorter.as_nanos()), (5000, 6));
    assert_eq!(write(&waits), r#"{"short":5,"shorter":6}"#);
}

#[test]
fn the_schema_shows_the_json_types() {
    let shown: Vec<_> = members::<MacroTyped>()
        .iter()
        .map(|member| (member.name, name_of(member.ty), member.optional))
        .collect();
    let expected = [
        ("name", "str", false),
        ("reference", "MacroNodeRef", true),
        ("text", "str", false),
        ("file", "str", false),
        ("size", "size", false),
        ("timeout", "uint64", false),
        ("age", "uint64", true),
        ("data", "str", false),
        ("more", "str", true),
    ];
    assert_eq!(shown, expected.map(|(name, ty, optional)| (name, ty.to_owned(), optional)));
    assert_eq!(name_of(TypeRef::by_function(MacroNodeNames::schema_type)), "[str]");
}

#[test]
fn invalid_values_are_refused() {
    for (member, value, text) in [
        ("name", json!(1), "Invalid parameter type for 'name', expected: string"),
        ("timeout", json!(-1), "Parameter 'timeout' expects a length of time"),
        ("timeout", json!("1s"), "Parameter 'timeout' expects uint64"),
        ("timeout", json!(null), "Parameter 'timeout' expects uint64"),
        ("data", json!("AQ"), "Parameter 'data' expects base64"),
        ("data", json!("A Q="), "Parameter 'data' expects base64"),
        ("data", json!([1]), "Invalid parameter type for 'data', expected: string"),
        ("size", json!(1.5), "Parameter 'size' expects uint64"),
        ("file", json!(null), "Invalid parameter type for 'file', expected: string"),
    ] {
        let mut typed: serde_json::Value = serde_json::from_str(TYPED).unwrap();
        typed[member] = value;
        assert_eq!(refusal::<MacroTyped>(typed), text);
    }
    let timer = refusal::<Vec<MacroTimer>>(json!([{ "kind": "once" }]));
    assert_eq!(timer, "Parameter '[0].after' is missing");
}

#[test]
fn durations_are_rounded_down_and_saturate() {
    let mut typed = typed();
    typed.timeout = Duration::from_micros(2999);
    typed.age = Some(Duration::MAX);
    let text = write(&typed);
    assert!(text.contains(r#""timeout":2,"age":18446744073709551615,"#), "{text}");
}

#[test]
fn commands_borrow_their_arguments() {
    let arguments = json!({
        "file": "/f", "timeout": 10, "age": 1, "data": "AQ==", "more": "AQI=", "text": "t",
    });
    let expected = "/f false 10ms Some(1000) [1] Some(2) t";
    assert_eq!(execute("macro-types", arguments), Ok(json!(expected)));
    let arguments = json!({ "file": "/f", "other": "", "timeout": 0, "data": "", "text": "" });
    assert_eq!(execute("macro-types", arguments), Ok(json!("/f true 0ns None [] None ")));
}

#[test]
fn client_structs_serialize_to_the_same_arguments() {
    use qapi_core::client::QapiCommand;
    use serde::ser::{SerializeMap, Serializer};
    let call = macro_types {
        file: Path::new("/f"),
        other: None,
        timeout: Duration::from_millis(10),
        age: Some(&Duration::from_secs(1)),
        data: &[1],
        more: Some(&[1, 2]),
        text: "t".into(),
    };
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut out);
    let mut map = serializer.serialize_map(None).unwrap();
    call.serialize_arguments(&mut map).unwrap();
    map.end().unwrap();
    let expected = json!({
        "file": "/f", "timeout": 10, "age": 1, "data": "AQ==", "more": "AQI=", "text": "t",
    });
    assert_eq!(String::from_utf8(out).unwrap(), expected.to_string());
}

#[test]
fn command_line_sizes_may_have_suffixes() {
    let read = |text: &str| {
        let document = Document::from_json(&json!(text)).unwrap();
        Size::visit(Input::with_scalars(document.root(), Scalars::Keyval))
    };
    assert_eq!(read("1.5k").unwrap(), Size(1536));
    assert_eq!(u64::from(read("10").unwrap()), 10);
    assert_eq!(read("ten").unwrap_err().to_string(), "Parameter '' expects a size value");
    assert_eq!(Size::from(5).to_string(), "5");
}
