//! Compares the introspection of QEMU's schema files with the output of QEMU's generator.
//!
//! The files are not part of this project. `QAPI_QEMU_SCHEMA` names a folder with these files, or
//! a folder of such folders:
//!
//! - `qapi-schema.json` and the files that it includes,
//! - `introspection.json`: the output of the generator, with unmasked type names and with all
//!   conditions true.

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use qapi_core::introspection::Mask;
use qapi_core::registry::Registry;
use qapi_core::schema::definition::{DefinitionKind, Type};
use serde_json::Value;
/// The folders to read. The list is empty if `QAPI_QEMU_SCHEMA` is not set.
fn folders() -> Vec<PathBuf> {
    let Some(named) = std::env::var_os("QAPI_QEMU_SCHEMA") else { return Vec::new() };
    let named = PathBuf::from(named);
    let is_schema = |folder: &Path| folder.join("qapi-schema.json").is_file();
    let folders = if is_schema(&named) {
        vec![named]
    } else {
        let entries = std::fs::read_dir(&named).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| is_schema(path)).collect()
    };
    assert!(!folders.is_empty(), "QAPI_QEMU_SCHEMA names no folder with a qapi-schema.json");
    folders
}

/// Indexes entities by name, because the test does not compare their order.
fn by_name(entities: Vec<Value>) -> BTreeMap<String, Value> {
    let named = |entity: Value| (entity["name"].as_str().unwrap().to_owned(), entity);
    entities.into_iter().map(named).collect()
}

#[test]
fn the_introspection_of_whole_schemas_equals_that_of_qemu() {
    let folders = folders();
    if folders.is_empty() {
        surroundings::skip("QAPI_QEMU_SCHEMA names no folder with schema files of QEMU");
    }
    for folder in folders {
        let registry = Registry::from_registrations(reader::read(&folder)).unwrap();
        let introspected = registry.introspect(Mask::Unmasked);
        let introspected = by_name(
            introspected.iter().map(|info| serde_json::to_value(info).unwrap()).collect(),
        );
        let expected = std::fs::read_to_string(folder.join("introspection.json")).unwrap();
        let expected = by_name(serde_json::from_str(&expected).unwrap());

        let names = |entities: &BTreeMap<String, Value>| {
            entities.keys().cloned().collect::<BTreeSet<String>>()
        };
        assert_eq!(names(&introspected), names(&expected), "{}", folder.display());
        for (name, entity) in &expected {
            assert_eq!(introspected.get(name), Some(entity), "{}", folder.display());
        }
        each_exception_is_needed(&registry);
        eprintln!("{} entities of {} compared", expected.len(), folder.display());
    }
}

/// Checks that no listed exception returns objects. The registry refuses unlisted exceptions.
fn each_exception_is_needed(registry: &Registry) {
    for (definition, command) in registry.commands().filter(|(_, found)| found.returns_exception)
    {
        let mut returned = command.returns.get().unwrap();
        if let Type::Array(element) = returned {
            returned = element.get();
        }
        let is_object = match returned {
            Type::Defined(found) => {
                matches!(found.kind, DefinitionKind::Struct(_) | DefinitionKind::Union(_))
            }
            Type::Builtin(_) | Type::Array(_) => false,
        };
        assert!(!is_object, "{}", definition.name);
    }
}
