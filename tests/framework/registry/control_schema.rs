//! The definitions of the core package equal those of QEMU's schema files.

use crate::support::schema_file::{definitions, expressions};

#[test]
fn the_core_package_equals_its_schema_files() {
    let found = definitions(|definition| definition.source.package == "qapi-core");

    assert_eq!(found, expressions(CONTROL_AND_INTROSPECT));
}

/// The schema files: `control.json` without the options of a monitor, and `introspect.json`.
const CONTROL_AND_INTROSPECT: &str = "
{ 'command': 'qmp_capabilities', 'data': { '*enable': ['QMPCapability'] },
  'allow-preconfig': true }
{ 'enum': 'QMPCapability', 'data': ['oob'] }
{ 'struct': 'VersionTriple', 'data': { 'major': 'int', 'minor': 'int', 'micro': 'int' } }
{ 'struct': 'VersionInfo', 'data': { 'qemu': 'VersionTriple', 'package': 'str' } }
{ 'command': 'query-version', 'returns': 'VersionInfo', 'allow-preconfig': true }
{ 'struct': 'CommandInfo', 'data': { 'name': 'str' } }
{ 'command': 'query-commands', 'returns': ['CommandInfo'], 'allow-preconfig': true }
{ 'command': 'quit', 'allow-preconfig': true }
{ 'command': 'query-qmp-schema', 'returns': ['SchemaInfo'], 'allow-preconfig': true }
{ 'enum': 'SchemaMetaType', 'data': ['builtin', 'enum', 'array', 'object', 'alternate',
  'command', 'event'] }
{ 'union': 'SchemaInfo',
  'base': { 'name': 'str', 'meta-type': 'SchemaMetaType', '*features': ['str'] },
  'discriminator': 'meta-type',
  'data': { 'builtin': 'SchemaInfoBuiltin', 'enum': 'SchemaInfoEnum',
  'array': 'SchemaInfoArray', 'object': 'SchemaInfoObject',
  'alternate': 'SchemaInfoAlternate', 'command': 'SchemaInfoCommand',
  'event': 'SchemaInfoEvent' } }
{ 'struct': 'SchemaInfoBuiltin', 'data': { 'json-type': 'JSONType' } }
{ 'enum': 'JSONType', 'data': ['string', 'number', 'int', 'boolean', 'null', 'object', 'array',
  'value'] }
{ 'struct': 'SchemaInfoEnum', 'data': { 'members': ['SchemaInfoEnumMember'],
  'values': { 'type': ['str'], 'features': ['deprecated'] } } }
{ 'struct': 'SchemaInfoEnumMember', 'data': { 'name': 'str', '*features': ['str'] } }
{ 'struct': 'SchemaInfoArray', 'data': { 'element-type': 'str' } }
{ 'struct': 'SchemaInfoObject', 'data': { 'members': ['SchemaInfoObjectMember'], '*tag': 'str',
  '*variants': ['SchemaInfoObjectVariant'] } }
{ 'struct': 'SchemaInfoObjectMember', 'data': { 'name': 'str', 'type': 'str',
  '*default': 'any', '*features': ['str'] } }
{ 'struct': 'SchemaInfoObjectVariant', 'data': { 'case': 'str', 'type': 'str' } }
{ 'struct': 'SchemaInfoAlternate', 'data': { 'members': ['SchemaInfoAlternateMember'] } }
{ 'struct': 'SchemaInfoAlternateMember', 'data': { 'type': 'str' } }
{ 'struct': 'SchemaInfoCommand', 'data': { 'arg-type': 'str', 'ret-type': 'str',
  '*allow-oob': 'bool' } }
{ 'struct': 'SchemaInfoEvent', 'data': { 'arg-type': 'str' } }
";
