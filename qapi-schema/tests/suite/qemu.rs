//! QEMU's verdicts on schema files, and QEMU's own schema. Both are outside the repository; without
//! them the tests pass.

use std::fs;
use std::path::{Path, PathBuf};

use qapi_schema::{Mask, Schema};
use serde_json::Value;

/// A folder beside the repository, if it is there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    path.is_dir().then_some(path)
}

/// The first error: the name of the file and the line.
fn first_error(schema: &Schema) -> Option<(Option<String>, Option<u64>, String)> {
    let finding = schema.findings().first()?;
    let name = |path: &str| Path::new(path).file_name().unwrap().to_str().unwrap().to_owned();
    let sources = schema.sources();
    let file = finding.place.map(|place| name(sources.file(place).path()));
    let line = finding.place.map(|place| u64::from(sources.line(place)));
    Some((file, line, finding.message.clone()))
}

#[test]
fn verdicts_are_those_of_qemus_schema_compiler() {
    let Some(folder) = shared("conformance/schema") else { return };
    let verdicts = fs::read_to_string(folder.join("verdicts.jsonl")).unwrap();
    let mut wrong = Vec::new();
    for verdict in verdicts.lines() {
        let verdict: Value = serde_json::from_str(verdict).unwrap();
        let file = verdict["file"].as_str().unwrap();
        let found = first_error(&Schema::read(folder.join(file)));
        let agrees = match &found {
            None => verdict["ok"] == true,
            Some((at, line, _)) => {
                verdict["ok"] == false
                    && verdict["at"].as_str() == at.as_deref()
                    && verdict["line"].as_u64() == *line
            }
        };
        if !agrees {
            wrong.push(format!("{file}: {verdict} / {found:?}"));
        }
        if std::env::var_os("SHOW").is_some() {
            println!("{file}: {} / {}", verdict["says"], found.map_or_else(String::new, |f| f.2));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(verdicts.lines().count(), 104);
}

#[test]
fn qemus_schemas_are_valid() {
    for (name, count, entities) in [("full", 1009, 1222), ("storage-daemon", 0, 0)] {
        let Some(folder) = shared("qemu-schema") else { return };
        let schema = Schema::read(folder.join(name).join("qapi-schema.json"));
        assert_eq!(schema.findings(), []);
        if count > 0 {
            assert_eq!(schema.definitions().len(), count);
            assert_eq!(schema.introspect(Mask::Unmasked).unwrap().len(), entities);
        }
    }
}
