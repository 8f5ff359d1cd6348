//! Checks arguments against their types, in QEMU's order and with QEMU's words.
//!
//! Generated code walks a [`Value`] through an [`Input`], which knows the path to it, and through
//! an [`ObjectVisitor`], which knows the members nobody has asked for yet. Members are asked for
//! in schema order, base before branch, and the first fault ends the visit; members that nobody
//! asked for are looked for last in each object.

use std::fmt;

use crate::error::{Error, Result};
use crate::messages;
use crate::policy::{CompatPolicy, InputKind};
use crate::types::{MemberType, QapiType};
use crate::wire::{Kind, Marks, Number, Value};

/// How scalars are written in what is being visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scalars {
    /// As JSON writes them.
    #[default]
    Json,
    /// As strings, the way a command line's `key=value,…` gives them.
    Keyval,
}

/// The way from the arguments' object to a value in it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Path::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Element(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl Path<'_> {
    /// The last name alone, which is all that some messages give. An element has none.
    fn leaf(&self) -> &str {
        match self {
            Self::Member(_, name) => name,
            Self::Root | Self::Element(..) => "null",
        }
    }
}

/// One value on its way into a typed argument, with the path that messages name.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a, 'm> {
    value: Value<'m>,
    path: &'a Path<'a>,
    scalars: Scalars,
    compat: CompatPolicy,
}

impl<'a, 'm> Input<'a, 'm> {
    /// Visits `value` as a whole, outside any object.
    pub fn new(value: Value<'m>) -> Self {
        Self::with_scalars(value, Scalars::Json)
    }

    /// Visits `value` as a whole, with its scalars written as `scalars` says.
    pub fn with_scalars(value: Value<'m>, scalars: Scalars) -> Self {
        Self { value, path: &Path::Root, scalars, compat: CompatPolicy::default() }
    }

    /// The value itself.
    pub fn value(&self) -> Value<'m> {
        self.value
    }

    /// The JSON type of the value.
    pub fn kind(&self) -> Kind {
        self.value.kind()
    }

    /// The error that the value is not of the JSON type `expected`.
    pub fn type_error(&self, expected: &str) -> Error {
        messages::parameter_type(&self.path.to_string(), expected)
    }

    /// The error that the value does not fit `expected`; names the last member only.
    pub fn range_error(&self, expected: &str) -> Error {
        messages::parameter_expects(self.path.leaf(), expected)
    }

    /// The error that `value` is none of an enumeration's values; names the last member only.
    pub fn value_error(&self, value: &str) -> Error {
        messages::parameter_value(self.path.leaf(), value)
    }

    /// The error that no alternative of the alternate `name` takes the value; names the last
    /// member only.
    pub fn alternate_error(&self, name: &str) -> Error {
        messages::parameter_type(self.path.leaf(), name)
    }

    /// Refuses `value`, one of an enumeration's that bears `marks`, if the policy says so.
    ///
    /// # Errors
    /// The value is refused.
    pub(crate) fn refuse_marked(&self, value: &str, marks: Marks) -> Result<()> {
        self.compat.check(marks, InputKind::Value, value)
    }

    /// The string, or the error that it is none.
    pub fn string(&self) -> Result<&'m str> {
        self.value.as_str().ok_or_else(|| self.type_error("string"))
    }

    /// The boolean, or the error that it is none.
    pub fn boolean(&self) -> Result<bool> {
        match self.scalars {
            Scalars::Json => self.value.as_bool().ok_or_else(|| self.type_error("boolean")),
            Scalars::Keyval => match self.string()? {
                "on" | "yes" | "true" | "y" => Ok(true),
                "off" | "no" | "false" | "n" => Ok(false),
                _ => Err(messages::parameter_expects(&self.path.to_string(), "'on' or 'off'")),
            },
        }
    }

    /// The signed integer, or the error that it is none.
    pub fn integer(&self) -> Result<i64> {
        match self.scalars {
            Scalars::Json => match self.value.number() {
                Some(Number::Int(number)) => Ok(number),
                Some(Number::UInt(_) | Number::Double(_)) | None => {
                    Err(self.type_error("integer"))
                }
            },
            Scalars::Keyval => keyval_integer(self.string()?)
                .and_then(|number| i64::try_from(number).ok())
                .ok_or_else(|| messages::parameter_expects(&self.path.to_string(), "integer")),
        }
    }

    /// The unsigned integer, or the error that it is none. A negative integer is taken as the
    /// unsigned one with the same bits, as QEMU does for the sake of old clients.
    pub fn unsigned(&self) -> Result<u64> {
        let found = match self.scalars {
            Scalars::Json => match self.value.number() {
                Some(Number::Int(number)) => Some(number.cast_unsigned()),
                Some(Number::UInt(number)) => Some(number),
                Some(Number::Double(_)) | None => None,
            },
            Scalars::Keyval => keyval_integer(self.string()?).and_then(|number| {
                i64::try_from(number)
                    .map(i64::cast_unsigned)
                    .or_else(|_| u64::try_from(number))
                    .ok()
            }),
        };
        found.ok_or_else(|| messages::parameter_expects(&self.path.to_string(), "uint64"))
    }

    /// The number as a double, or the error that it is none.
    pub fn number(&self) -> Result<f64> {
        match self.scalars {
            Scalars::Json => match self.value.number() {
                #[allow(clippy::cast_precision_loss, reason = "a QAPI number is a double")]
                Some(Number::Int(number)) => Ok(number as f64),
                #[allow(clippy::cast_precision_loss, reason = "a QAPI number is a double")]
                Some(Number::UInt(number)) => Ok(number as f64),
                Some(Number::Double(number)) => Ok(number),
                None => Err(self.type_error("number")),
            },
            Scalars::Keyval => self
                .string()?
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .ok_or_else(|| self.type_error("number")),
        }
    }

    /// `null`, or the error that it is not.
    pub fn null(&self) -> Result<()> {
        match self.value.kind() {
            Kind::Null => Ok(()),
            Kind::Bool | Kind::Number | Kind::String | Kind::Array | Kind::Object => {
                Err(self.type_error("null"))
            }
        }
    }

    /// The elements of the array, each typed, or the error that it is none.
    pub fn list<T: QapiType>(&self) -> Result<Vec<T>> {
        if self.value.kind() != Kind::Array {
            return Err(self.type_error("array"));
        }
        self.value
            .elements()
            .enumerate()
            .map(|(index, value)| {
                let path = Path::Element(self.path, index);
                T::visit(Input { value, path: &path, ..*self })
            })
            .collect()
    }

    /// The members of the object, or the error that it is none.
    pub fn object(&self) -> Result<ObjectVisitor<'a, 'm>> {
        if self.value.kind() != Kind::Object {
            return Err(self.type_error("object"));
        }
        Ok(ObjectVisitor::new(Some(self.value), self.path, self.scalars).compat(self.compat))
    }
}

/// An integer as a command line writes it: decimal, or hexadecimal behind `0x`.
fn keyval_integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse::<u64>(),
    };
    let magnitude = i128::from(magnitude.ok()?);
    Some(if negative { -magnitude } else { magnitude })
}

/// The members of one object, and which of them have been asked for.
#[derive(Debug)]
pub struct ObjectVisitor<'a, 'm> {
    object: Option<Value<'m>>,
    path: &'a Path<'a>,
    scalars: Scalars,
    compat: CompatPolicy,
    visited: Visited,
}

impl<'a, 'm> ObjectVisitor<'a, 'm> {
    /// The arguments of a command; absent ones are an empty object.
    pub fn arguments(arguments: Option<Value<'m>>) -> Self {
        Self::new(arguments, &Path::Root, Scalars::Json)
    }

    /// The members of a command line's `key=value,…`, given as an object of strings.
    pub fn keyval(object: Value<'m>) -> Self {
        Self::new(Some(object), &Path::Root, Scalars::Keyval)
    }

    fn new(object: Option<Value<'m>>, path: &'a Path<'a>, scalars: Scalars) -> Self {
        Self {
            object,
            path,
            scalars,
            compat: CompatPolicy::default(),
            visited: Visited::default(),
        }
    }

    /// Refuses deprecated and unstable members and values as `compat` says.
    #[must_use]
    pub fn compat(self, compat: CompatPolicy) -> Self {
        Self { compat, ..self }
    }

    /// Refuses the member `name`, which bears `marks`, if the policy says so and it is there or
    /// would have to be.
    ///
    /// # Errors
    /// The member is refused.
    pub fn refuse_marked(&self, name: &str, optional: bool, marks: Marks) -> Result<()> {
        if optional && !self.has(name) {
            return Ok(());
        }
        self.compat.check(marks, InputKind::Parameter, name)
    }

    /// Visits the member `name`, which the type's [`MemberType`] says may be absent or not.
    ///
    /// # Errors
    /// The member is mandatory and absent, or its value is refused.
    pub fn member<T: MemberType<'m>>(&mut self, name: &'static str) -> Result<T> {
        match self.find(name) {
            Some(value) => {
                let path = Path::Member(self.path, name);
                T::visit_present(Input {
                    value,
                    path: &path,
                    scalars: self.scalars,
                    compat: self.compat,
                })
            }
            None => {
                T::visit_absent().ok_or_else(|| messages::parameter_missing(&self.path_of(name)))
            }
        }
    }

    /// Whether the object has a member `name`; asking does not count as visiting it.
    pub fn has(&self, name: &str) -> bool {
        self.object.is_some_and(|object| object.get(name).is_some())
    }

    /// Ends the visit.
    ///
    /// # Errors
    /// A member was never asked for: it is unexpected.
    pub fn finish(&self) -> Result<()> {
        let Some(object) = self.object else { return Ok(()) };
        if self.visited.count() == object.len() {
            return Ok(());
        }
        match object.entries().enumerate().find(|(index, _)| !self.visited.contains(*index)) {
            Some((_, (name, _))) => Err(messages::parameter_unexpected(&self.path_of(name))),
            None => Ok(()),
        }
    }

    fn find(&mut self, name: &str) -> Option<Value<'m>> {
        let (index, (_, value)) =
            self.object?.entries().enumerate().find(|(_, (entry, _))| *entry == name)?;
        self.visited.insert(index);
        Some(value)
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
