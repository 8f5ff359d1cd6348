//! `qapi doc`.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::qapi;
use crate::scripted::Scripted;
use crate::server::TestServer;

/// The folder that `qapi doc` writes for a source, with further words.
fn manual(source: &str, words: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().display().to_string();
    let all: Vec<&str> = ["doc", source, "-o", &output].iter().chain(words).copied().collect();
    let ended = qapi(&all);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{ended:?}");
    folder
}

/// Like [`manual`], for the text of a schema file `lamp.json`.
fn manual_of(text: &str, words: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lamp.json");
    fs::write(&file, text).unwrap();
    manual(&file.display().to_string(), words)
}

fn read(folder: &TempDir, file: &str) -> String {
    let path = folder.path().join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The section of one definition.
fn section<'p>(page: &'p str, name: &str) -> &'p str {
    let start = format!("<section class=\"definition\" id=\"{name}\">");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split_once("</section>").unwrap().0
}

/// The text of a page without its elements.
fn text(page: &str) -> String {
    let pieces =
        page.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    pieces.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

const LAMP: &str = r#"##
# = Lamps
#
# All about *lamps*.
##

##
# @LampColour:
#
# The colour.
#
# @warm: like a candle
#
# @cold: like the sky (since 2.1)
#
# Since: 2.0
##
{ 'enum': 'LampColour', 'data': [ 'warm', { 'name': 'cold', 'if': 'CONFIG_SKY' } ] }

##
# @LampState:
#
# @on: whether it shines
#
# @colour: its colour; see @LampColour and ``lamp-set``
#
# Features:
#
# @unstable: is in flux
#
# Since: 2.0
##
{ 'struct': 'LampState',
  'data': { 'on': 'bool',
            '*colour': { 'type': 'LampColour', 'features': [ 'unstable' ] } } }

##
# @lamp-set:
#
# Changes a lamp:
#
# - at once,
# - for good
#
# .. note:: Mind <script>alert(1)</script> and
#    `the web <https://example.org>`_.
#
# Features:
#
# @deprecated: Use another lamp.
#
# Returns: the state before
#
# Errors:
#     - if it is broken
#
# Since: 2.0
#
# .. qmp-example::
#
#     -> { "execute": "lamp-set" }
##
{ 'command': 'lamp-set', 'data': 'LampState', 'returns': ['LampState'],
  'features': [ 'deprecated' ], 'allow-oob': true,
  'if': { 'all': [ 'CONFIG_LAMP', { 'not': { 'any': [ 'A', 'B' ] } } ] } }
"#;

#[test]
fn pages_have_the_documentation_and_what_the_schema_says() {
    let folder = manual_of(LAMP, &[]);
    let page = read(&folder, "lamp.html");
    assert!(text(&page).contains("Lamps All about lamps ."), "{page}");
    let command = section(&page, "lamp-set");
    for expected in [
        "lamp-set command deprecated since 2.0 if CONFIG_LAMP and not (A or B) Changes a lamp:",
        "at once, for good Note Mind &lt;script&gt;alert(1)&lt;/script&gt; and the web .",
        "-&gt; { &quot;execute&quot;: &quot;lamp-set&quot; }",
        "May be executed out of band. Feature deprecated Use another lamp.",
        // The members of the type are in place, and the values of the enum below its name.
        "Arguments From LampState : on bool whether it shines \
         colour LampColour optional unstable its colour; see LampColour and lamp-set \
         Feature unstable is in flux warm , cold",
        "Returns array of LampState the state before",
        "Errors if it is broken",
        "Defined in lamp.json:63",
    ] {
        assert!(text(command).contains(expected), "{expected}\n{}", text(command));
    }
    assert!(command.contains("<a href=\"https://example.org\">the web</a>"), "{command}");
    assert!(command.contains("<a href=\"lamp.html#LampState\">LampState</a>"), "{command}");
    let state = section(&page, "LampState");
    assert!(text(state).contains("Used by lamp-set data lamp-set returns"), "{}", text(state));
    let colour = text(section(&page, "LampColour"));
    assert!(colour.contains("cold since 2.1 if CONFIG_SKY like the sky Used by"), "{colour}");
    let versions = text(&read(&folder, "versions.html"));
    let expected = "Deprecated lamp-set Changes a lamp: \
                    Unstable LampState colour its colour; see LampColour and lamp-set \
                    Additions 2.1 LampColour cold 2.0";
    assert!(versions.contains(expected), "{versions}");
}

#[test]
fn the_index_lists_kinds_and_modules_and_the_search_has_the_text() {
    let folder = manual_of(LAMP, &["--title", "A & B"]);
    let index = read(&folder, "index.html");
    assert!(index.contains("<title>A &amp; B</title>"), "{index}");
    let expected = "Modules lamp 1 command, 2 types Commands lamp-set Enums LampColour \
                    Structs LampState";
    assert!(text(&index).contains(expected), "{}", text(&index));
    let search = read(&folder, "search.js");
    let json = search.split_once("searchIndex(").unwrap().1.trim_end().trim_end_matches(");");
    let entries: serde_json::Value = serde_json::from_str(json).unwrap();
    let found: Vec<_> = entries.as_array().unwrap().iter().map(|entry| &entry[0]).collect();
    assert_eq!(found, ["LampColour", "LampState", "lamp-set"]);
    assert_eq!(entries[2][2], "lamp.html#lamp-set");
    assert!(entries[0][5].as_str().unwrap().contains("like a candle"), "{entries}");
}

#[test]
fn pages_ask_no_host_for_anything() {
    let folder = manual_of(LAMP, &[]);
    for file in fs::read_dir(folder.path()).unwrap() {
        let content = fs::read_to_string(file.unwrap().path()).unwrap();
        for attribute in ["src=\"http", "src=\"//", "url(", "@import", "fetch("] {
            assert!(!content.contains(attribute), "{attribute}");
        }
    }
}

#[test]
fn the_states_of_a_job_are_drawn() {
    let states = "'undefined', 'created', 'running', 'paused', 'ready', 'standby', 'waiting', \
                  'pending', 'aborting', 'concluded', 'null'";
    for (states, is_drawn) in [(states.to_owned(), true), ("'created', 'null'".to_owned(), false)]
    {
        let folder = manual_of(&format!("{{ 'enum': 'Status', 'data': [ {states} ] }}"), &[]);
        let page = read(&folder, "lamp.html");
        assert_eq!(page.contains("<title>ready to standby</title>"), is_drawn, "{states}");
    }
}

#[test]
fn branches_are_shown_in_place() {
    let folder = manual_of(
        "{ 'enum': 'Kind', 'data': ['a', 'b'] }\n{ 'struct': 'Aa', 'data': { 'x': 'int' } }\n\
         { 'struct': 'Bb', 'data': {} }\n{ 'union': 'Either', 'base': { 'k': 'Kind' }, \
         'discriminator': 'k', 'data': { 'a': 'Aa', 'b': 'Bb' } }\n\
         { 'command': 'go', 'data': 'Either', 'boxed': true }\n",
        &[],
    );
    let page = read(&folder, "lamp.html");
    let expected = "Further members by the value of k : a Aa Members of Aa x int b Bb";
    for name in ["Either", "go"] {
        let section = text(section(&page, name));
        assert!(section.contains(expected), "{name}: {section}");
    }
}

#[test]
fn a_server_is_a_source_with_its_documentation() {
    let server = TestServer::start();
    let folder = manual(&server.address(), &[]);
    let module = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let page = module.filter(|path| path.extension().is_some_and(|found| found == "html"));
    let pages: Vec<String> = page.map(|path| fs::read_to_string(path).unwrap()).collect();
    let page = pages.iter().find(|page| page.contains("id=\"disk-add\"")).unwrap();
    let command = text(section(page, "disk-add"));
    for expected in [
        "Adds a disk, and returns it.",
        "name str The name of the new disk.",
        "mode DiskMode optional read-only , read-write",
        "parts array of DiskPart optional Members of DiskPart name str The name of the part.",
    ] {
        assert!(command.contains(expected), "{expected}\n{command}");
    }
    let event = section(page, "DISK_ADDED");
    assert!(event.contains("<span class=\"kind\">event</span>"), "{event}");
}

/// As QEMU's: the names of types are made up, and the manual has no texts.
#[test]
fn a_server_that_serves_only_its_schema_is_a_source() {
    let schema = json!([
        { "name": "lamp-set", "meta-type": "command", "arg-type": "1", "ret-type": "0" },
        { "name": "LAMP_ON", "meta-type": "event", "arg-type": "0" },
        { "name": "0", "meta-type": "object", "members": [] },
        { "name": "1", "meta-type": "object",
          "members": [{ "name": "colour", "type": "2", "default": null }] },
        { "name": "2", "meta-type": "enum", "values": ["warm", "cold"],
          "members": [{ "name": "warm" }, { "name": "cold", "features": ["unstable"] }] },
    ]);
    let server = Scripted::new(move |command| match command {
        "query-qmp-schema" => vec![json!({ "return": schema })],
        _ => vec![json!({ "error": { "class": "CommandNotFound", "desc": "no such command" } })],
    });
    let folder = manual(&server.address(), &[]);
    let page = read(&folder, "schema.html");
    let command = text(section(&page, "lamp-set"));
    assert!(command.contains("colour LampSetColour optional warm , cold"), "{command}");
    assert!(page.contains("id=\"LAMP_ON\""), "{page}");
}

#[test]
fn each_definition_has_a_manual_page() {
    let folder = manual_of(LAMP, &["--man"]);
    let page = read(&folder, "lamp-set.7qmp");
    for expected in [
        ".SH NAME",
        ".SH ARGUMENTS",
        ".SH RETURNS",
        ".SH ERRORS",
        "\\fBLampState\\fR(7qmp)",
        "(deprecated; since 2.0; if CONFIG_LAMP and not (A or B))",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    assert!(folder.path().join("LampColour.7qmp").is_file());
}

#[test]
fn a_source_that_cannot_be_read_has_a_status() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json").display().to_string();
    let output = folder.path().join("out").display().to_string();
    fs::write(&file, "{ 'event': 'lower' }").unwrap();
    assert_eq!(qapi(&["doc", &file, "-o", &output]).status, 1);
    assert!(!Path::new(&output).exists());
    assert_eq!(qapi(&["doc", "/no/such/socket", "-o", &output]).status, 3);
    fs::write(&file, "{ 'event': 'UPPER' }").unwrap();
    let ended = qapi(&["doc", &file, "-o", "/dev/null/x"]);
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(ended.err.starts_with("qapi: cannot write to /dev/null/x: "), "{ended:?}");
}
