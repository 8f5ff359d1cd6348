//! Renders definitions as expressions of the QAPI schema language.

use serde_json::{Map, Value, json};

use crate::schema::definition::call::{Arguments, Command, Event};
use crate::schema::definition::enum_::{Enum, EnumValue};
use crate::schema::definition::object::Union;
use crate::schema::definition::type_::Type;
use crate::schema::definition::{Definition, DefinitionKind, Part};
use crate::schema::projection::{Origin, Projection};
use crate::schema::query::{OwnedMember, own_members, shared_members};
use crate::schema::view::View;

/// A definition as an expression of the QAPI schema language, without documentation. Its members
/// are in the order of QEMU's schema files if `serde_json` has the feature `preserve_order`.
///
/// The key `coroutine` is left out, as clients cannot see how a function runs. The key `boxed` is
/// left out if its only effect is on the C code that QEMU generates.
pub fn render(definition: &'static Definition) -> Value {
    Rendering::new(definition, View::COMPLETE).finish()
}

/// Like [`render`], without the parts that are newer than the release of `projection`.
pub fn render_as_of(definition: &'static Definition, projection: Projection) -> Value {
    Rendering::new(definition, View::of_release(Some(projection))).finish()
}

struct Rendering {
    definition: &'static Definition,
    view: View,
    expression: Map<String, Value>,
}

impl Rendering {
    fn new(definition: &'static Definition, view: View) -> Self {
        Self { definition, view, expression: Map::new() }
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.expression.insert(key.to_owned(), value.into());
    }

    fn finish(mut self) -> Value {
        let name = self.definition.name;
        match &self.definition.kind {
            DefinitionKind::Enum(Enum { prefix, open: _, values: _ }) => {
                self.put("enum", name);
                if let Some(prefix) = *prefix {
                    self.put("prefix", prefix);
                }
                self.put("data", self.values());
            }
            DefinitionKind::Struct(data) => {
                self.put("struct", name);
                if let Some(base) = data.base {
                    self.put("base", type_name(base.get()));
                }
                self.put("data", self.own_members());
            }
            DefinitionKind::Union(_) if self.is_struct() => {
                self.put("struct", name);
                self.put("data", self.members(shared_members(self.definition)));
            }
            DefinitionKind::Union(data) => {
                self.put("union", name);
                self.union_parts(data);
            }
            DefinitionKind::Alternate(_) => {
                self.put("alternate", name);
                self.put("data", self.alternatives());
            }
            DefinitionKind::Command(data) => {
                self.put("command", name);
                self.command_parts(data);
            }
            DefinitionKind::Event(Event { arguments, rate_limit: _ }) => {
                self.put("event", name);
                self.argument_parts(arguments, true);
            }
        }
        let features = self.features(Origin::of(self.definition), self.definition);
        if !features.is_empty() {
            self.put("features", features);
        }
        Value::Object(self.expression)
    }

    /// Whether the definition is a union without branches in the release.
    fn is_struct(&self) -> bool {
        !self.view.has_branches(self.definition)
    }

    fn values(&self) -> Value {
        let value = |value: &'static EnumValue| {
            let origin = Origin::of_value(self.definition, value);
            match self.features(origin, value) {
                none if none.is_empty() => Value::from(value.name),
                features => json!({ "name": value.name, "features": features }),
            }
        };
        self.view.values(self.definition).into_iter().map(value).collect()
    }

    fn union_parts(&mut self, data: &'static Union) {
        let base = match (data.base, data.members) {
            (Some(base), []) => type_name(base.get()),
            // The base of a union is either a name or a list of members in the schema language. A
            // union with both gets a list, which includes the members of the named base.
            (Some(_) | None, _) => self.members(shared_members(self.definition)),
        };
        self.put("base", base);
        self.put("discriminator", data.discriminator);
        let branches = self.view.branches(self.definition).into_iter();
        let adding =
            branches.filter_map(|branch| Some((branch.name, type_name(branch.ty?.get()))));
        self.put("data", object(adding));
    }

    fn alternatives(&self) -> Value {
        let alternatives = self.view.alternatives(self.definition);
        object(alternatives.map(|member| (member.name, type_name(member.ty.get()))))
    }

    fn command_parts(&mut self, data: &'static Command) {
        self.argument_parts(&data.arguments, !data.raw);
        if let Some(returned) = data.returns.get() {
            self.put("returns", type_name(returned));
        }
        if data.raw {
            self.put("gen", false);
        }
        if data.allow_oob {
            self.put("allow-oob", true);
        }
        if data.allow_preconfig {
            self.put("allow-preconfig", true);
        }
        if !data.success_response {
            self.put("success-response", false);
        }
    }

    fn argument_parts(&mut self, arguments: &'static Arguments, boxed: bool) {
        match arguments {
            Arguments::Members([]) => {}
            Arguments::Members(_) => self.put("data", self.own_members()),
            Arguments::Type(ty) => {
                self.put("data", type_name(ty.get()));
                if boxed {
                    self.put("boxed", true);
                }
            }
        }
    }

    fn own_members(&self) -> Value {
        let owner = self.definition;
        self.members(own_members(owner).iter().map(|member| OwnedMember { owner, member }))
    }

    fn members(&self, members: impl IntoIterator<Item = OwnedMember>) -> Value {
        let is_shown = |found: &OwnedMember| self.view.shows_part(found.owner, found.member);
        let entry = |OwnedMember { owner, member }| {
            let mark = if member.optional { "*" } else { "" };
            let ty = type_name(member.ty.get());
            let origin = Origin::of(owner);
            let value = match self.features(origin, member) {
                none if none.is_empty() => ty,
                features => json!({ "type": ty, "features": features }),
            };
            (format!("{mark}{}", member.name), value)
        };
        object(members.into_iter().filter(is_shown).map(entry))
    }

    fn features(&self, origin: Origin, part: &Part) -> Vec<&'static str> {
        self.view.features(origin, part).map(|feature| feature.name).collect()
    }
}

fn object<K: Into<String>>(entries: impl Iterator<Item = (K, Value)>) -> Value {
    Value::Object(entries.map(|(key, value)| (key.into(), value)).collect())
}

/// The name of a type in the schema language. An array is a list with the name of its element type.
fn type_name(ty: Type) -> Value {
    match ty {
        Type::Builtin(builtin) => builtin.as_str().into(),
        Type::Array(element) => json!([type_name(element.get())]),
        Type::Defined(definition) => definition.name.into(),
    }
}
