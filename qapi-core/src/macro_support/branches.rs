//! The branches of a union and the values of its discriminator, at compile time.
//!
//! Both functions refer to the enum through the union. If the enum is not annotated, the compiler
//! reports that once, for the union's implementation of [`QapiBranches`].

use crate::types::{QapiBranches, QapiEnum};

/// The value that selects the branch `variant`. Empty if there is none, which the compiler reports
/// elsewhere.
#[must_use]
pub const fn value_of_branch<U: QapiBranches>(variant: &str) -> &'static str {
    let (variants, values) = (<U::Tag as QapiEnum>::VARIANTS, <U::Tag as QapiEnum>::VALUES);
    let mut index = 0;
    while index < values.len() {
        if is_same(variants[index].as_bytes(), variant.as_bytes()) {
            return values[index];
        }
        index += 1;
    }
    ""
}

/// Panics, and so stops the compiler, unless `branches`, the variants of the union `U`, contains
/// each variant of the enum `tag`. `union` is the name of `U`.
#[track_caller]
pub const fn need_every_branch<U: QapiBranches>(union: &str, tag: &str, branches: &[&str]) {
    let values = <U::Tag as QapiEnum>::VARIANTS;
    let mut missing = Text::new();
    let mut index = 0;
    while index < branches.len() {
        // The compiler reports a branch that is no value, and suggests a similar one.
        if !contains(values, branches[index]) {
            return;
        }
        index += 1;
    }
    index = 0;
    while index < values.len() {
        if !contains(branches, values[index]) {
            if missing.length > 0 {
                missing.push("`, `");
            }
            missing.push(values[index]);
        }
        index += 1;
    }
    if missing.length == 0 {
        return;
    }
    let mut message = Text::new();
    message.push("`");
    message.push(union);
    message.push("`: a union has a branch for each value of `");
    message.push(tag);
    message.push("`; add `");
    message.push(missing.as_str());
    message.push("`, alone or with the type of its members");
    panic!("{}", message.as_str());
}

const fn contains(names: &[&str], name: &str) -> bool {
    let mut index = 0;
    while index < names.len() {
        if is_same(names[index].as_bytes(), name.as_bytes()) {
            return true;
        }
        index += 1;
    }
    false
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// A text that is built at compile time. Names beyond its capacity are left out.
struct Text {
    bytes: [u8; CAPACITY],
    length: usize,
}

const CAPACITY: usize = 1024;

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; CAPACITY], length: 0 }
    }

    const fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        if self.length + bytes.len() > CAPACITY {
            return;
        }
        let mut index = 0;
        while index < bytes.len() {
            self.bytes[self.length + index] = bytes[index];
            index += 1;
        }
        self.length += bytes.len();
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}
