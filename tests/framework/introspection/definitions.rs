//! A small schema that covers each case of introspection.

use qapi_core::schema::definition::{
    Arguments, Branch, Builtin, Definition, DefinitionKind, EnumValue, Member, MemberShape, Part,
    Reference, Type, TypeRef, Union,
};

use crate::support::definitions::{
    ANY, BOOL, DEPRECATED, INT, NONE, STR, alternate, alternative, always_allowed, array, boxed,
    branch, command, define, derived, enumeration, event, marked, member, optional, returning,
    structure, value,
};

const SIZE: fn() -> Type = || Type::Builtin(Builtin::Size);
const UINT8: fn() -> Type = || Type::Builtin(Builtin::Uint8);
const NUMBER: fn() -> Type = || Type::Builtin(Builtin::Number);
const NULL: fn() -> Type = || Type::Builtin(Builtin::Null);

static DRIVER: Definition = enumeration(
    "Driver",
    &[
        value("null-co"),
        value("file"),
        EnumValue::new(value("old").part.features(DEPRECATED)),
        value("qcow2"),
    ],
);
static NODE: Definition = structure("Node", &[member("name", STR), optional("read-only", BOOL)]);
static FILE_OPTIONS: Definition =
    structure("FileOptions", &[member("filename", STR), optional("offset", SIZE)]);
static QCOW2_OPTIONS: Definition =
    structure("Qcow2Options", &[member("file", || Type::Defined(&REFERENCE))]);
static REFERENCE: Definition = alternate(
    "Reference",
    &[
        alternative("definition", || Type::Defined(&OPTIONS)),
        alternative("reference", STR),
        alternative("none", NULL),
    ],
);
const BRANCHES: fn() -> &'static [Branch] = || {
    const {
        &[
            branch("qcow2", || Type::Defined(&QCOW2_OPTIONS)),
            Branch::new("null-co", None),
            branch("file", || Type::Defined(&FILE_OPTIONS)),
        ]
    }
};
static OPTIONS: Definition = define(
    "Options",
    DefinitionKind::Union(Union::new(
        Some(TypeRef::by_function(|| Type::Defined(&NODE))),
        &[member("driver", || Type::Defined(&DRIVER))],
        "driver",
        Reference::by_function(BRANCHES),
    )),
);
static NODE_INFO: Definition = derived(
    "NodeInfo",
    || Type::Defined(&NODE),
    &[
        Member::new(
            Part::new("levels", "").features(DEPRECATED),
            MemberShape::mandatory(TypeRef::by_function(|| array(UINT8))),
        ),
        member("sizes", || array(SIZE)),
        member("load", NUMBER),
        optional("extra", ANY),
        member("children", || array(|| Type::Defined(&NODE_INFO))),
    ],
);
static UNUSED: Definition = structure("Unused", &[member("a", INT)]);

static ADD: Definition = command("node-add", boxed(|| Type::Defined(&OPTIONS)));
static DELETE: Definition =
    marked(command("node-del", Arguments::Members(&[member("name", STR)])));
static QUERY: Definition =
    returning("query-nodes", NONE, || Some(array(|| Type::Defined(&NODE_INFO))));
static PANIC: Definition = always_allowed("panic");
static GONE: Definition = event("NODE_GONE", Arguments::Members(&[member("name", STR)]));
static IDLE: Definition = event("IDLE", NONE);

/// All definitions of the schema.
pub(super) static ALL: &[&Definition] = &[
    &ADD,
    &DELETE,
    &DRIVER,
    &FILE_OPTIONS,
    &GONE,
    &IDLE,
    &NODE,
    &NODE_INFO,
    &OPTIONS,
    &PANIC,
    &QCOW2_OPTIONS,
    &QUERY,
    &REFERENCE,
    &UNUSED,
];
