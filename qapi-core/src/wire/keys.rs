//! Detects repeated member names, in constant expected time per member.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::document::Document;
use super::error::JsonError;
use super::limits::RETAINED_CAPACITY;

/// The number of members up to which comparing names one by one is faster than hashing them.
const FEW: usize = 16;

/// Finds repeated names in the objects of one text.
///
/// Names are hashed with random keys, so that a client cannot choose names that collide.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The names of all objects with more than [`FEW`] members, closed ones among them.
    names: HashTable<Key>,
    hasher: RandomState,
}

/// A member's name and its object, each as the index of a node in the document.
#[derive(Debug, Clone, Copy)]
struct Key {
    object: u32,
    name: u32,
}

impl Keys {
    /// The number of bytes that the record has allocated.
    pub(super) fn allocated(&self) -> usize {
        self.names.allocation_size()
    }

    /// Whether the name at index `name` occurs among the earlier members of `object`. `members` is
    /// their number. The parser has not reached the end of the object.
    ///
    /// # Errors
    /// [`JsonError::OutOfMemory`].
    pub(super) fn is_repeated(
        &mut self,
        document: &Document,
        object: u32,
        members: usize,
        name: u32,
    ) -> Result<bool, JsonError> {
        if members < FEW {
            let wanted = document.string(name);
            return Ok(
                names(document, object, name).any(|other| document.string(other) == wanted)
            );
        }
        if members == FEW {
            for earlier in names(document, object, name) {
                self.insert(document, Key { object, name: earlier })?;
            }
        }
        self.insert(document, Key { object, name })
    }

    /// Adds a name; `true` if its object already has a member of that name.
    fn insert(&mut self, document: &Document, key: Key) -> Result<bool, JsonError> {
        let hasher = &self.hasher;
        let hash = |key: &Key| hasher.hash_one((key.object, document.string(key.name)));
        let same = |other: &Key| {
            other.object == key.object && document.string(other.name) == document.string(key.name)
        };
        let hash_of_key = hash(&key);
        if self.names.find(hash_of_key, same).is_some() {
            return Ok(true);
        }
        self.names.try_reserve(1, hash).map_err(|_| JsonError::OutOfMemory)?;
        self.names.insert_unique(hash_of_key, key, hash);
        Ok(false)
    }

    /// Removes all names, and frees the memory of a large object.
    pub(super) fn clear(&mut self) {
        if self.names.is_empty() {
            return;
        }
        self.names.clear();
        self.names.shrink_to(RETAINED_CAPACITY / size_of::<Key>(), |_| 0);
    }
}

/// The indices of the member names of `object` that are less than `before`.
fn names(document: &Document, object: u32, before: u32) -> impl Iterator<Item = u32> {
    let first = object + 1;
    std::iter::successors(Some(first), |name| Some(document.after(name + 1)))
        .take_while(move |&name| name < before)
}
