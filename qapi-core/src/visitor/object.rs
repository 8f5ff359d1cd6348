//! Objects: members by name, and those that nobody asked for.

use super::path::Path;
use super::{Input, Manner, Scalars};
use crate::descriptor::Definition;
use crate::error::{Error, Result};
use crate::messages;
use crate::policy::{CompatPolicy, InputKind};
use crate::projection::{Origin, Projection, marks_as_of};
use crate::schema::shown::member_of;
use crate::types::MemberType;
use crate::wire::Value;

/// The members of one object, and which of them have been asked for.
#[derive(Debug)]
pub struct ObjectVisitor<'a, 'm> {
    object: Option<Value<'m>>,
    path: &'a Path<'a>,
    manner: Manner,
    visited: Visited,
}

impl<'a, 'm> ObjectVisitor<'a, 'm> {
    /// The arguments of a command; absent ones are an empty object.
    pub fn arguments(arguments: Option<Value<'m>>) -> Self {
        Self::new(arguments, &Path::Root, Manner::default())
    }

    /// The members of a command line's `key=value,…`, given as an object of strings.
    pub fn keyval(object: Value<'m>) -> Self {
        let manner = Manner { scalars: Scalars::Keyval, ..Manner::default() };
        Self::new(Some(object), &Path::Root, manner)
    }

    /// The data of an event that a server sent to a client; absent data is an empty object.
    pub(crate) fn from_server(data: Option<Value<'m>>) -> Self {
        Self::new(data, &Path::Root, Manner::of_clients())
    }

    pub(super) fn new(object: Option<Value<'m>>, path: &'a Path<'a>, manner: Manner) -> Self {
        Self { object, path, manner, visited: Visited::default() }
    }

    /// Refuses deprecated and unstable members and values as `compat` says.
    #[must_use]
    pub fn compat(self, compat: CompatPolicy) -> Self {
        Self { manner: Manner { compat, ..self.manner }, ..self }
    }

    /// Takes the members that are newer than `as_of` for unexpected, and refuses the values that
    /// are.
    #[must_use]
    pub fn projected(self, as_of: Option<Projection>) -> Self {
        Self { manner: Manner { as_of, ..self.manner }, ..self }
    }

    /// Whether the release that is presented has the member `name` of `owner`; one that it has is
    /// refused if it is there, or would have to be, and the policy says so.
    ///
    /// # Errors
    /// The member is refused.
    pub(crate) fn has_member(
        &self,
        owner: &'static Definition,
        name: &str,
        optional: bool,
    ) -> Result<bool> {
        let Manner { compat, as_of, .. } = self.manner;
        if as_of.is_none() && compat == CompatPolicy::default() {
            return Ok(true);
        }
        let Some(member) = member_of(owner, name) else { return Ok(true) };
        if as_of.is_some_and(|as_of| !as_of.has_member(owner, member)) {
            return Ok(false);
        }
        if !optional || self.has(name) {
            let marks = marks_as_of(as_of, Origin::of(owner).part(name), member.features);
            compat.check(marks, InputKind::Parameter, name)?;
        }
        Ok(true)
    }

    /// Visits the member `name`, which the type's [`MemberType`] says may be absent or not.
    ///
    /// # Errors
    /// The member is mandatory and absent, or its value is refused.
    pub fn member<T: MemberType<'m>>(&mut self, name: &'static str) -> Result<T> {
        match self.find(name) {
            Some(value) => {
                let path = Path::Member(self.path, name);
                T::visit_present(Input { value, path: &path, manner: self.manner })
            }
            None => T::visit_absent().ok_or_else(|| self.missing(name)),
        }
    }

    /// Whether the object has a member `name`; asking does not count as visiting it.
    pub fn has(&self, name: &str) -> bool {
        self.object.is_some_and(|object| object.get(name).is_some())
    }

    /// All members as they are, visited or not.
    pub(crate) fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        let entries = self.object.into_iter().flat_map(|object| object.entries());
        entries.map(|(name, value)| (name.to_owned(), value.to_json())).collect()
    }

    /// Ends the visit.
    ///
    /// # Errors
    /// A member was never asked for: it is unexpected.
    pub fn finish(&self) -> Result<()> {
        let Some(object) = self.object else { return Ok(()) };
        if self.manner.lenient || self.visited.count() == object.len() {
            return Ok(());
        }
        match object.entries().enumerate().find(|(index, _)| !self.visited.contains(*index)) {
            Some((_, (name, _))) => Err(messages::parameter_unexpected(&self.path_of(name))),
            None => Ok(()),
        }
    }

    fn find(&mut self, name: &str) -> Option<Value<'m>> {
        let (place, value) = self.object?.find(name)?;
        self.visited.insert(place);
        Some(value)
    }

    /// The error that the member `name` is missing.
    pub(crate) fn missing(&self, name: &str) -> Error {
        messages::parameter_missing(&self.path_of(name))
    }

    fn path_of(&self, name: &str) -> String {
        Path::Member(self.path, name).to_string()
    }
}

/// The positions of the visited members: in one word for all objects of ordinary size.
#[derive(Debug, Default)]
struct Visited {
    first: u64,
    rest: Vec<u64>,
}

impl Visited {
    fn insert(&mut self, index: usize) {
        let (word, bit) = (index / 64, 1 << (index % 64));
        if word == 0 {
            self.first |= bit;
            return;
        }
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

    fn count(&self) -> usize {
        let ones = |word: &u64| word.count_ones() as usize;
        ones(&self.first) + self.rest.iter().map(ones).sum::<usize>()
    }
}
