//! Functions that return types. Definitions refer to types through functions. For a schema from a
//! file, each function reads one slot of a table that the reader fills.

use std::sync::RwLock;

use qapi_core::schema::definition::{Branch, Type, TypeRef};

/// The number of slots for types. All schemas of QEMU together need fewer.
const TYPES: usize = 2048;
const OTHERS: usize = 512;

static TYPE_TABLE: RwLock<Vec<Option<Type>>> = RwLock::new(Vec::new());
static RETURNED_TABLE: RwLock<Vec<TypeRef>> = RwLock::new(Vec::new());
static BRANCHES_TABLE: RwLock<Vec<&'static [Branch]>> = RwLock::new(Vec::new());

fn type_at<const N: usize>() -> Type {
    TYPE_TABLE.read().unwrap()[N].unwrap()
}

fn returned_at<const N: usize>() -> Option<Type> {
    let type_of = RETURNED_TABLE.read().unwrap()[N];
    Some(type_of())
}

fn branches_at<const N: usize>() -> &'static [Branch] {
    BRANCHES_TABLE.read().unwrap()[N]
}

seq_macro::seq!(N in 0..2048 {
    static TYPE_SLOTS: [TypeRef; TYPES] = [#(type_at::<N>,)*];
});

seq_macro::seq!(N in 0..512 {
    static RETURNED_SLOTS: [fn() -> Option<Type>; OTHERS] = [#(returned_at::<N>,)*];
    static BRANCHES_SLOTS: [fn() -> &'static [Branch]; OTHERS] = [#(branches_at::<N>,)*];
});

/// Allocates a slot for a type. Returns a function that reads the slot, and the slot's index.
pub(super) fn new_type() -> (TypeRef, usize) {
    let mut table = TYPE_TABLE.write().unwrap();
    table.push(None);
    (TYPE_SLOTS[table.len() - 1], table.len() - 1)
}

/// Stores the type of a slot.
pub(super) fn set_type(slot: usize, ty: Type) {
    TYPE_TABLE.write().unwrap()[slot] = Some(ty);
}

/// Returns a function for the return type of a command.
pub(super) fn returned(type_of: TypeRef) -> fn() -> Option<Type> {
    let mut table = RETURNED_TABLE.write().unwrap();
    table.push(type_of);
    RETURNED_SLOTS[table.len() - 1]
}

/// Returns a function for the branches of a union.
pub(super) fn branches(all: Vec<Branch>) -> fn() -> &'static [Branch] {
    let mut table = BRANCHES_TABLE.write().unwrap();
    table.push(all.leak());
    BRANCHES_SLOTS[table.len() - 1]
}
