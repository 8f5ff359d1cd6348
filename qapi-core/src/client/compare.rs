//! Compares declared commands and events with the schema of a server.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::introspection::info::{
    JsonType, SchemaInfo, SchemaInfoKind, SchemaInfoObject, SchemaInfoObjectMember,
};
use crate::introspection::introspect::{Mask, introspect};
use crate::schema::definition::Definition;
use crate::schema::view::View;

/// A difference between a declaration and the schema of a server, which would make a call or the
/// reading of an event fail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaDifference {
    /// The command or event, and the path to the part that differs: `disk-rename.name`.
    pub place: String,
    /// What differs, as text for people.
    pub text: String,
}

impl fmt::Display for SchemaDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.place, self.text)
    }
}

/// The differences between `declared`, which are commands and events, and `served`, a server's
/// answer to `query-qmp-schema`. An empty list means that a client may use the declarations.
///
/// The server may have further commands, events, optional arguments and members of return values.
pub fn compare_schema(
    declared: &[&'static Definition],
    served: &[SchemaInfo],
) -> Vec<SchemaDifference> {
    let declared = introspect(declared.iter().copied(), Mask::Unmasked, &View::default());
    let mut comparison = Comparison {
        declared: Schema::new(&declared),
        served: Schema::new(served),
        pending: Vec::new(),
        seen: HashSet::new(),
        differences: Vec::new(),
    };
    for entity in &declared {
        comparison.entity(entity);
    }
    comparison.finish()
}

/// The entities of one schema: commands and events by name, and types by name.
struct Schema<'a> {
    calls: HashMap<&'a str, &'a SchemaInfo>,
    types: HashMap<&'a str, &'a SchemaInfoKind>,
}

impl<'a> Schema<'a> {
    fn new(entities: &'a [SchemaInfo]) -> Self {
        let (mut calls, mut types) = (HashMap::new(), HashMap::new());
        for entity in entities {
            match &entity.meta_type {
                SchemaInfoKind::Command(_) | SchemaInfoKind::Event(_) => {
                    calls.insert(entity.name.as_str(), entity);
                }
                kind => {
                    types.insert(entity.name.as_str(), kind);
                }
            }
        }
        Self { calls, types }
    }
}

/// The direction of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Direction {
    /// From the client: an argument.
    Sent,
    /// From the server: a return value, or the data of an event.
    Received,
}

/// A pair of types to compare: the names of the declared and of the served type.
struct Pair<'a> {
    place: String,
    declared: &'a str,
    served: &'a str,
    direction: Direction,
}

struct Comparison<'a> {
    declared: Schema<'a>,
    served: Schema<'a>,
    /// A list in place of recursion, as a server determines the depth of its types.
    pending: Vec<Pair<'a>>,
    seen: HashSet<(&'a str, &'a str, Direction)>,
    differences: Vec<SchemaDifference>,
}

impl<'a> Comparison<'a> {
    fn finish(mut self) -> Vec<SchemaDifference> {
        while let Some(pair) = self.pending.pop() {
            if self.seen.insert((pair.declared, pair.served, pair.direction)) {
                self.types(&pair);
            }
        }
        self.differences.sort_by(|one, other| one.place.cmp(&other.place));
        self.differences
    }

    fn report(&mut self, place: &str, text: impl Into<String>) {
        self.differences.push(SchemaDifference { place: place.to_owned(), text: text.into() });
    }

    fn push(&mut self, place: String, declared: &'a str, served: &'a str, direction: Direction) {
        self.pending.push(Pair { place, declared, served, direction });
    }

    /// Compares a command or event.
    fn entity(&mut self, declared: &'a SchemaInfo) {
        let name = declared.name.as_str();
        let served = self.served.calls.get(name).map(|served| &served.meta_type);
        match (&declared.meta_type, served) {
            (SchemaInfoKind::Command(declared), Some(SchemaInfoKind::Command(served))) => {
                self.push(name.into(), &declared.arg_type, &served.arg_type, Direction::Sent);
                let place = format!("{name} (return value)");
                self.push(place, &declared.ret_type, &served.ret_type, Direction::Received);
            }
            (SchemaInfoKind::Event(declared), Some(SchemaInfoKind::Event(served))) => {
                self.push(name.into(), &declared.arg_type, &served.arg_type, Direction::Received);
            }
            (SchemaInfoKind::Command(_), _) => {
                self.report(name, "the server has no such command")
            }
            (SchemaInfoKind::Event(_), _) => self.report(name, "the server has no such event"),
            _ => {}
        }
    }

    fn types(&mut self, pair: &Pair<'a>) {
        let declared = self.declared.types.get(pair.declared).copied();
        let served = self.served.types.get(pair.served).copied();
        let (Some(declared), Some(served)) = (declared, served) else {
            return self.report(&pair.place, "the schema refers to a type that it does not have");
        };
        match (declared, served) {
            (SchemaInfoKind::Builtin(declared), SchemaInfoKind::Builtin(served)) => {
                let (from, to) = match pair.direction {
                    Direction::Sent => (declared.json_type, served.json_type),
                    Direction::Received => (served.json_type, declared.json_type),
                };
                if !accepts(to, from) {
                    let (declared, served) = (declared.json_type, served.json_type);
                    self.report(
                        &pair.place,
                        format!("the type is `{declared}`, and for the server `{served}`"),
                    );
                }
            }
            (SchemaInfoKind::Enum(declared), SchemaInfoKind::Enum(served)) => {
                let (from, to, receiver) = match pair.direction {
                    Direction::Sent => (declared, served, "server"),
                    Direction::Received => (served, declared, "client"),
                };
                for value in &from.values {
                    if !to.values.contains(value) {
                        let text = format!("the {receiver} does not know the value `{value}`");
                        self.report(&pair.place, text);
                    }
                }
            }
            (SchemaInfoKind::Array(declared), SchemaInfoKind::Array(served)) => {
                let place = format!("{}[]", pair.place);
                let (declared, served) = (&declared.element_type, &served.element_type);
                self.push(place, declared, served, pair.direction);
            }
            (SchemaInfoKind::Object(declared), SchemaInfoKind::Object(served)) => {
                self.objects(pair, declared, served);
            }
            (SchemaInfoKind::Alternate(_), SchemaInfoKind::Alternate(_)) => {
                self.alternates(pair, declared, served);
            }
            (declared, served) => {
                let text = format!(
                    "the type is {}, and for the server {}",
                    kind(declared),
                    kind(served)
                );
                self.report(&pair.place, text);
            }
        }
    }

    fn objects(
        &mut self,
        pair: &Pair<'a>,
        declared: &'a SchemaInfoObject,
        served: &'a SchemaInfoObject,
    ) {
        for member in &declared.members {
            let found = served.members.iter().find(|found| found.name == member.name);
            self.member(pair, member, found);
        }
        if pair.direction == Direction::Sent {
            let is_declared = |served: &SchemaInfoObjectMember| {
                declared.members.iter().any(|member| member.name == served.name)
            };
            for member in &served.members {
                if member.default.is_none() && !is_declared(member) {
                    let place = format!("{}.{}", pair.place, member.name);
                    self.report(&place, "the server requires it");
                }
            }
        }
        if declared.tag != served.tag {
            return self.report(&pair.place, "the member that selects the variant differs");
        }
        let variants = served.variants.iter().flatten();
        for variant in declared.variants.iter().flatten() {
            if let Some(found) = variants.clone().find(|found| found.case == variant.case) {
                let place = format!("{}({})", pair.place, variant.case);
                let (declared, served) = (&variant.variant_type, &found.variant_type);
                self.push(place, declared, served, pair.direction);
            }
        }
    }

    fn member(
        &mut self,
        pair: &Pair<'a>,
        declared: &'a SchemaInfoObjectMember,
        served: Option<&'a SchemaInfoObjectMember>,
    ) {
        let place = format!("{}.{}", pair.place, declared.name);
        let is_mandatory = declared.default.is_none();
        let Some(served) = served else {
            if pair.direction == Direction::Sent || is_mandatory {
                self.report(&place, "the server does not have it");
            }
            return;
        };
        match (pair.direction, is_mandatory, served.default.is_none()) {
            (Direction::Sent, false, true) => self.report(&place, "the server requires it"),
            (Direction::Received, true, false) => {
                self.report(&place, "it is optional for the server");
            }
            _ => {}
        }
        self.push(place, &declared.member_type, &served.member_type, pair.direction);
    }

    /// Each alternative of the sender has one of the same JSON type for the receiver.
    fn alternates(
        &mut self,
        pair: &Pair<'a>,
        declared: &'a SchemaInfoKind,
        served: &'a SchemaInfoKind,
    ) {
        let (declared, served) = (
            alternatives(declared, &self.declared.types),
            alternatives(served, &self.served.types),
        );
        let (from, to) = match pair.direction {
            Direction::Sent => (&declared, &served),
            Direction::Received => (&served, &declared),
        };
        for (json, name) in from {
            match to.iter().find(|(found, _)| found == json) {
                Some((_, other)) => {
                    let (declared, served) = match pair.direction {
                        Direction::Sent => (name, other),
                        Direction::Received => (other, name),
                    };
                    self.push(pair.place.clone(), declared, served, pair.direction);
                }
                None => {
                    let text = format!("the receiver has no alternative that is {json}");
                    self.report(&pair.place, text);
                }
            }
        }
    }
}

/// The alternatives of an alternate: the JSON type of each, and the name of its type.
fn alternatives<'a>(
    alternate: &'a SchemaInfoKind,
    types: &HashMap<&'a str, &'a SchemaInfoKind>,
) -> Vec<(String, &'a str)> {
    let SchemaInfoKind::Alternate(alternate) = alternate else { return Vec::new() };
    let names = alternate.members.iter().map(|member| member.alternative_type.as_str());
    names.filter_map(|name| Some((kind(types.get(name)?), name))).collect()
}

/// Whether a receiver that expects `to` accepts a value of type `from`.
fn accepts(to: JsonType, from: JsonType) -> bool {
    to == from || to == JsonType::Value || (to == JsonType::Number && from == JsonType::Int)
}

/// The type for messages.
fn kind(kind: &SchemaInfoKind) -> String {
    match kind {
        SchemaInfoKind::Builtin(builtin) => format!("`{}`", builtin.json_type),
        // An alternative that is an enum is a string in JSON.
        SchemaInfoKind::Enum(_) => "an enum".to_owned(),
        SchemaInfoKind::Array(_) => "an array".to_owned(),
        SchemaInfoKind::Object(_) => "an object".to_owned(),
        SchemaInfoKind::Alternate(_) => "an alternate".to_owned(),
        SchemaInfoKind::Command(_) => "a command".to_owned(),
        SchemaInfoKind::Event(_) => "an event".to_owned(),
    }
}
