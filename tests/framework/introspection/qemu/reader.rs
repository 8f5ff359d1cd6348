//! Reads schema files as definitions.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::OnceLock;

use qapi_core::schema::definition::{
    AlternateMember, Arguments, Branch, Builtin, Command, Definition, DefinitionKind, EnumValue,
    Event, Feature, Member, MemberShape, Part, Reference, Struct, Type, TypeRef, Union,
};
use serde_json::{Map, Value};

use crate::support::definitions::{define, enumeration};
use crate::support::schema_file::expressions_in_order;

/// The definitions of `qapi-schema.json` and of the files that it includes.
pub(super) fn read(folder: &Path) -> Vec<&'static Definition> {
    let mut expressions = Vec::new();
    read_file(folder, "qapi-schema.json", &mut HashSet::new(), &mut expressions);
    let mut schema = Schema::default();
    for pragma in expressions.iter().filter_map(|expression| expression.get("pragma")) {
        let names = pragma["command-returns-exceptions"].as_array().into_iter().flatten();
        schema.excepted.extend(names.map(text));
    }
    let definitions: Vec<_> =
        expressions.iter().filter_map(|expression| schema.definition(expression)).collect();
    schema.fill(&definitions);
    definitions
}

fn read_file(
    folder: &Path,
    name: &str,
    seen: &mut HashSet<String>,
    expressions: &mut Vec<Value>,
) {
    if !seen.insert(name.to_owned()) {
        return;
    }
    let file = std::fs::read_to_string(folder.join(name)).unwrap();
    for expression in expressions_in_order(&file) {
        match expression.get("include") {
            Some(include) => read_file(folder, text(include), seen, expressions),
            None => expressions.push(expression),
        }
    }
}

/// Leaks `value`, because definitions have the lifetime `'static`.
fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn text(value: &Value) -> &'static str {
    leak(value.as_str().unwrap().to_owned())
}

/// Returns the value without its wrapper for `if` and `features`, and the features.
fn bare<'a>(value: &'a Value, key: &str) -> (&'a Value, &'static [Feature]) {
    match value.get(key) {
        Some(bare) => (bare, features(value)),
        None => (value, &[]),
    }
}

fn features(value: &Value) -> &'static [Feature] {
    let listed = value.get("features").and_then(Value::as_array).into_iter().flatten();
    let feature = |feature: &Value| Feature::new(Part::new(text(bare(feature, "name").0), ""));
    listed.map(feature).collect::<Vec<_>>().leak()
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&'static str, &Value)> {
    let map = value.and_then(Value::as_object).into_iter().flat_map(Map::iter);
    map.map(|(name, value)| (&**leak(name.clone()), value))
}

/// The state of reading a schema.
#[derive(Default)]
struct Schema {
    /// The places of the types, by name. The name of an array has brackets.
    places: HashMap<String, &'static OnceLock<Type>>,
    /// The places of return types, each with the place of the type.
    returned: Vec<(&'static OnceLock<Option<Type>>, &'static OnceLock<Type>)>,
    /// The commands that may return types other than objects.
    excepted: HashSet<&'static str>,
}

impl Schema {
    /// The definition in an expression, or `None` if the expression is not a definition.
    fn definition(&mut self, expression: &Value) -> Option<&'static Definition> {
        let kind = entries(Some(expression)).next()?.0;
        let name: &str = leak(name_of(expression).as_str()?.to_owned());
        let data = expression.get("data");
        let kind = match kind {
            "enum" => {
                let value = |entry: &Value| {
                    let (name, features) = bare(entry, "name");
                    EnumValue::new(Part::new(text(name), "").features(features))
                };
                let values = data?.as_array()?.iter().map(value).collect::<Vec<_>>();
                enumeration(name, values.leak()).kind
            }
            "struct" => {
                let base = expression.get("base").map(|base| self.type_of(base));
                DefinitionKind::Struct(Struct::new(base, self.members(data)))
            }
            "union" => self.union(expression),
            "alternate" => self.alternate(data),
            "command" => DefinitionKind::Command(self.command(expression)),
            "event" => {
                let arguments = self.arguments(data);
                DefinitionKind::Event(Event::new(arguments))
            }
            _ => return None,
        };
        let plain = define(name, kind);
        let part = plain.part.features(features(expression));
        Some(leak(Definition::new(part, plain.source, plain.kind)))
    }

    fn members(&mut self, data: Option<&Value>) -> &'static [Member] {
        let member = |(name, entry): (&'static str, &Value)| {
            let (ty, features) = bare(entry, "type");
            let ty = self.type_of(ty);
            let (name, shape) = match name.strip_prefix('*') {
                Some(name) => (name, MemberShape::optional(ty)),
                None => (name, MemberShape::mandatory(ty)),
            };
            Member::new(Part::new(name, "").features(features), shape)
        };
        entries(data).map(member).collect::<Vec<_>>().leak()
    }

    fn arguments(&mut self, data: Option<&Value>) -> Arguments {
        match data {
            Some(Value::String(_)) => Arguments::Type(self.type_of(data.unwrap())),
            _ => Arguments::Members(self.members(data)),
        }
    }

    fn union(&mut self, expression: &Value) -> DefinitionKind {
        let (base, members): (_, &[Member]) = match &expression["base"] {
            name @ Value::String(_) => (Some(self.type_of(name)), &[]),
            listed => (None, self.members(Some(listed))),
        };
        let branches = entries(expression.get("data"))
            .map(|(name, entry)| Branch::new(name, Some(self.type_of(bare(entry, "type").0))));
        let branches: &[Branch] = branches.collect::<Vec<_>>().leak();
        let branches = Reference::by_place(leak(OnceLock::from(branches)));
        let discriminator = text(&expression["discriminator"]);
        DefinitionKind::Union(Union::new(base, members, discriminator, branches))
    }

    fn alternate(&mut self, data: Option<&Value>) -> DefinitionKind {
        let members = entries(data).map(|(name, entry)| {
            let ty = self.type_of(bare(entry, "type").0);
            AlternateMember::new(Part::new(name, ""), ty)
        });
        let members = members.collect::<Vec<_>>().leak();
        DefinitionKind::Alternate(qapi_core::schema::definition::Alternate::new(members))
    }

    fn command(&mut self, expression: &Value) -> Command {
        let returns = match expression.get("returns") {
            Some(ty) => self.returned(ty),
            None => Reference::by_function(|| None),
        };
        let is = |word: &str, usual: bool| {
            expression.get(word).and_then(Value::as_bool).unwrap_or(usual)
        };
        let mut command = Command::new(self.arguments(expression.get("data")), returns);
        command.allow_oob = is("allow-oob", false);
        command.allow_preconfig = is("allow-preconfig", false);
        command.success_response = is("success-response", true);
        command.raw = !is("gen", true);
        command.returns_exception = self.excepted.contains(text(name_of(expression)));
        command
    }

    /// Returns a reference to the type. The definition of the type may follow later in the schema.
    fn type_of(&mut self, named: &Value) -> TypeRef {
        TypeRef::by_place(self.place_of(named))
    }

    /// Returns a reference to the return type of a command.
    fn returned(&mut self, named: &Value) -> Reference<Option<Type>> {
        let (place, ty) = (leak(OnceLock::new()), self.place_of(named));
        self.returned.push((place, ty));
        Reference::by_place(place)
    }

    fn place_of(&mut self, named: &Value) -> &'static OnceLock<Type> {
        let name = match named {
            Value::Array(element) => format!("[{}]", text(&element[0])),
            name => text(name).to_owned(),
        };
        self.place(name)
    }

    fn place(&mut self, name: String) -> &'static OnceLock<Type> {
        self.places.entry(name).or_insert_with(|| leak(OnceLock::new()))
    }

    /// Fills every place.
    fn fill(&mut self, definitions: &[&'static Definition]) {
        let names: Vec<_> = self.places.keys().cloned().collect();
        for element in names.iter().filter_map(|name| element_of(name)) {
            self.place(element.to_owned());
        }
        for (name, place) in &self.places {
            let ty = match element_of(name) {
                Some(element) => Type::Array(TypeRef::by_place(self.places[element])),
                None => named(name, definitions),
            };
            place.set(ty).expect("the place is empty");
        }
        for (place, ty) in &self.returned {
            place.set(ty.get().copied()).expect("the place is empty");
        }
    }
}

/// The name of a definition: the value of its first member.
fn name_of(expression: &Value) -> &Value {
    expression.as_object().unwrap().values().next().unwrap()
}

fn element_of(name: &str) -> Option<&str> {
    name.strip_prefix('[')?.strip_suffix(']')
}

fn named(name: &str, definitions: &[&'static Definition]) -> Type {
    let builtin = Builtin::ALL.iter().find(|builtin| builtin.as_str() == name);
    match builtin {
        Some(builtin) => Type::Builtin(*builtin),
        None => {
            let found = definitions.iter().find(|definition| definition.name == name);
            Type::Defined(found.unwrap_or_else(|| panic!("the schema has no type {name}")))
        }
    }
}
