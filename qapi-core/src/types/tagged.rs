//! Writes the base of a union. The branch determines the value of the discriminator in the base.

use std::fmt::{self, Write};

use serde::ser::{Serialize, SerializeMap};

use super::QapiObject;

/// Writes the members of a union's `base` to `map`, and `tag` as the value of the discriminator
/// `name`. The value of the discriminator in `base` is ignored, so that it always fits the branch.
///
/// # Errors
/// The errors of `map`.
pub fn serialize_tagged_base<B: QapiObject, T: Serialize, M: SerializeMap>(
    base: &B,
    name: &'static str,
    tag: T,
    map: &mut M,
) -> Result<(), M::Error> {
    base.serialize_members(&mut Tagged { map, name, tag, at_tag: false })
}

/// A map that replaces the value of the member `name` by `tag`.
struct Tagged<'a, M, T> {
    map: &'a mut M,
    name: &'static str,
    tag: T,
    /// Whether the last key was `name`.
    at_tag: bool,
}

impl<M: SerializeMap, T: Serialize> SerializeMap for Tagged<'_, M, T> {
    type Ok = ();
    type Error = M::Error;

    fn serialize_key<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), M::Error> {
        self.at_tag = is(key, self.name);
        self.map.serialize_key(key)
    }

    fn serialize_value<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), M::Error> {
        if self.at_tag {
            self.map.serialize_value(&self.tag)
        } else {
            self.map.serialize_value(value)
        }
    }

    /// Further members follow, so that the inner map does not end.
    fn end(self) -> Result<(), M::Error> {
        Ok(())
    }
}

/// Whether `key` is the string `name`.
fn is<K: Serialize + ?Sized>(key: &K, name: &str) -> bool {
    let mut rest = Rest(name);
    write!(rest, "{}", Shown(key)).is_ok() && rest.0.is_empty()
}

/// Displays a key: `fmt::Formatter` is a serializer for strings.
struct Shown<'a, K: ?Sized>(&'a K);

impl<K: Serialize + ?Sized> fmt::Display for Shown<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

/// The rest of a text that a writer has to match.
struct Rest<'a>(&'a str);

impl Write for Rest<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(text).ok_or(fmt::Error)?;
        Ok(())
    }
}
