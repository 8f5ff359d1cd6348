//! Visits of objects: members by name, and a check for members that were not visited.

use super::path::Path;
use super::{Input, JSON, KEYVAL, UnknownMembers, VisitOptions};
use crate::error::{Error, Result};
use crate::messages;
use crate::schema::definition::Definition;
use crate::wire::value::Value;

/// A visit of one object, with a record of the members that were visited.
#[derive(Debug)]
pub struct ObjectVisitor<'a, 'm> {
    object: Option<Value<'m>>,
    path: &'a Path<'a>,
    options: &'a VisitOptions,
    visited: Visited,
}

impl<'a, 'm> ObjectVisitor<'a, 'm> {
    /// The arguments of a command; absent ones are an empty object.
    pub fn arguments(arguments: Option<Value<'m>>) -> Self {
        Self::with_options(arguments, &JSON)
    }

    /// The members of a command line's `key=value,…`, given as an object of strings.
    pub fn keyval(object: Value<'m>) -> Self {
        Self::with_options(Some(object), &KEYVAL)
    }

    /// The data of an event that a server sent to a client; absent data is an empty object.
    #[cfg(feature = "client")]
    pub(crate) fn from_server(data: Option<Value<'m>>) -> Self {
        Self::with_options(data, &super::FROM_SERVER)
    }

    /// A visit of an object at the top level: no other value contains it.
    pub(crate) fn with_options(object: Option<Value<'m>>, options: &'a VisitOptions) -> Self {
        Self::new(object, &Path::Root, options)
    }

    pub(super) fn new(
        object: Option<Value<'m>>,
        path: &'a Path<'a>,
        options: &'a VisitOptions,
    ) -> Self {
        Self { object, path, options, visited: Visited::default() }
    }

    /// Whether the release that is presented has the member `name` of `owner`. A member that it
    /// has is checked against the policy, if it is present or mandatory.
    ///
    /// # Errors
    /// The policy refuses the member.
    pub(crate) fn has_member(
        &self,
        owner: &'static Definition,
        name: &str,
        optional: bool,
    ) -> Result<bool> {
        self.options.view.admit_member(owner, name, || !optional || self.has(name))
    }

    /// Marks the member `name` as visited and has `visit` read its value; `None` if it is absent.
    pub(crate) fn visit_with<T>(
        &mut self,
        name: &'static str,
        visit: impl FnOnce(Input<'_, 'm>) -> T,
    ) -> Option<T> {
        let (index, value) = self.object?.find(name)?;
        self.visited.insert(index);
        let path = Path::Member(self.path, name);
        Some(visit(Input { value, path: &path, options: self.options }))
    }

    /// Whether the object has a member `name`. The call does not mark the member as visited.
    pub fn has(&self, name: &str) -> bool {
        self.object.is_some_and(|object| object.get(name).is_some())
    }

    /// All members, visited or not, without a check.
    pub(crate) fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        let entries = self.object.into_iter().flat_map(|object| object.entries());
        entries.map(|(name, value)| (name.to_owned(), value.to_json())).collect()
    }

    /// Ends the visit.
    ///
    /// # Errors
    /// A member was not visited: it is unexpected.
    #[inline]
    pub fn finish(&self) -> Result<()> {
        match self.object {
            Some(object) if !self.visited.are_first(object.len()) => self.find_unvisited(object),
            Some(_) | None => Ok(()),
        }
    }

    fn find_unvisited(&self, object: Value<'m>) -> Result<()> {
        if self.options.unknown_members == UnknownMembers::Ignore {
            return Ok(());
        }
        match object.entries().enumerate().find(|(index, _)| !self.visited.contains(*index)) {
            Some((_, (name, _))) => Err(messages::parameter_unexpected(&self.path_of(name))),
            None => Ok(()),
        }
    }

    /// The error that the member `name` is missing.
    pub(crate) fn missing(&self, name: &str) -> Error {
        messages::parameter_missing(&self.path_of(name))
    }

    fn path_of(&self, name: &str) -> String {
        Path::Member(self.path, name).to_string()
    }
}

/// The indices of the visited members: one word suffices for objects of usual size.
#[derive(Debug, Default)]
struct Visited {
    first: u64,
    rest: Vec<u64>,
}

impl Visited {
    #[inline]
    fn insert(&mut self, index: usize) {
        if index < 64 {
            self.first |= 1 << index;
        } else {
            self.insert_beyond_first(index);
        }
    }

    #[cold]
    fn insert_beyond_first(&mut self, index: usize) {
        let (word, bit) = (index / 64, 1 << (index % 64));
        if self.rest.len() < word {
            self.rest.resize(word, 0);
        }
        if let Some(slot) = self.rest.get_mut(word - 1) {
            *slot |= bit;
        }
    }

    fn contains(&self, index: usize) -> bool {
        let word = match index / 64 {
            0 => self.first,
            word => self.rest.get(word - 1).copied().unwrap_or(0),
        };
        word & (1 << (index % 64)) != 0
    }

    /// Whether the visited members are the first `count` ones of at most `count`.
    #[inline]
    fn are_first(&self, count: usize) -> bool {
        if let Some(bits) = 1_u64.checked_shl(count as u32) {
            return self.first == bits - 1;
        }
        let ones = |word: &u64| word.count_ones() as usize;
        ones(&self.first) + self.rest.iter().map(ones).sum::<usize>() == count
    }
}
