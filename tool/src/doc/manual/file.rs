//! The manual of schema files.

use std::collections::HashMap;
use std::path::Path;

use qapi_schema::Schema;
use qapi_schema::doc::{Doc, DocKind};
use qapi_schema::model::{self, Condition, Members};
use qapi_schema::source::Span;

use super::{
    Branch, Definition, Feature, Kind, Manual, Marks, Module, OUT_OF_BAND, Part, TypeName,
};
use crate::doc::markup::{Block, rst};

/// The manual of a schema. Its modules are the files, in the order in which they include each
/// other.
pub(crate) fn from_schema(schema: &Schema, title: String) -> Manual {
    let mut modules = Vec::new();
    let mut by_file: HashMap<u32, usize> = HashMap::new();
    let files = schema.sources().files();
    let mut module_of = |span: Span, modules: &mut Vec<Module>| {
        *by_file.entry(span.file).or_insert_with(|| {
            let path = Path::new(files[span.file as usize].path());
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            modules.push(Module { name, text: Vec::new() });
            modules.len() - 1
        })
    };
    for doc in schema.free_text() {
        let module = module_of(doc.span, &mut modules);
        let text = doc.sections.iter().flat_map(|section| rst::parse(&section.text));
        modules[module].text.extend(text);
    }
    let mut definitions = Vec::with_capacity(schema.definitions().len());
    for found in schema.definitions() {
        let module = module_of(found.span, &mut modules);
        let line = schema.sources().line(found.span);
        let path = Path::new(schema.sources().file(found.span).path());
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        definitions.push(definition(found, module, format!("{file}:{line}")));
    }
    definitions.sort_by_key(|definition: &Definition| definition.module);
    Manual { title, modules, definitions }
}

fn definition(found: &model::Definition, module: usize, source: String) -> Definition {
    let doc = Documentation(found.doc.as_ref());
    let features = doc.features(&found.features);
    let mut definition = Definition {
        name: found.name.text.clone(),
        kind: Kind::Struct,
        module,
        marks: Marks {
            since: doc.text(&DocKind::Tag("Since")).map(str::to_owned),
            features,
            condition: condition(found.condition.as_ref()),
        },
        text: doc.description(),
        parts: Vec::new(),
        data: None,
        base: None,
        discriminator: None,
        branches: Vec::new(),
        returns: None,
        returns_text: doc.blocks(&DocKind::Tag("Returns")),
        errors: doc.blocks(&DocKind::Tag("Errors")),
        examples: Vec::new(),
        remarks: Vec::new(),
        source,
    };
    fill(&mut definition, &found.kind, doc);
    definition
}

/// Adds what belongs to the kind.
fn fill(definition: &mut Definition, kind: &model::Kind, doc: Documentation) {
    let members =
        |members: &[model::Member]| members.iter().map(|found| doc.member(found)).collect();
    match kind {
        model::Kind::Enum { prefix: _, values } => {
            definition.kind = Kind::Enum;
            definition.parts = values.iter().map(|value| doc.value(value)).collect();
        }
        model::Kind::Struct { base, members: listed } => {
            definition.base = base.as_ref().map(type_name);
            definition.parts = members(listed);
        }
        model::Kind::Union { base, discriminator, branches } => {
            definition.kind = Kind::Union;
            definition.discriminator = Some(discriminator.text.clone());
            definition.branches = branches.iter().map(branch).collect();
            definition.parts = members(base.listed());
            if let Members::Of(base) = base {
                definition.base = Some(type_name(base));
            }
        }
        model::Kind::Alternate { alternatives } => {
            definition.kind = Kind::Alternate;
            definition.parts = alternatives.iter().map(|found| doc.alternative(found)).collect();
        }
        model::Kind::Command(command) => {
            definition.kind = Kind::Command;
            definition.parts = members(command.data.listed());
            definition.data = data(&command.data);
            definition.returns = command.returns.as_ref().map(type_name);
            definition.remarks = remarks(command);
        }
        model::Kind::Event { data: listed } => {
            definition.kind = Kind::Event;
            definition.parts = members(listed.listed());
            definition.data = data(listed);
        }
    }
}

fn remarks(command: &model::Command) -> Vec<&'static str> {
    let all = [
        (command.allow_oob, OUT_OF_BAND),
        (command.allow_preconfig, "May be executed before the machine is configured."),
        (!command.success_response, "Has no reply if it succeeds."),
        (!command.r#gen, "Its arguments are not checked against the schema."),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, remark)| remark).collect()
}

fn data(arguments: &model::Arguments) -> Option<TypeName> {
    match &arguments.members {
        Some(Members::Of(ty)) => Some(type_name(ty)),
        Some(Members::Listed(_)) | None => None,
    }
}

fn type_name(ty: &model::TypeName) -> TypeName {
    TypeName { name: ty.name.clone(), is_array: ty.is_array }
}

fn branch(found: &model::Branch) -> Branch {
    Branch {
        value: found.name.text.clone(),
        ty: type_name(&found.ty),
        condition: condition(found.condition.as_ref()),
    }
}

/// A condition in words.
fn condition(found: Option<&Condition>) -> Option<String> {
    fn words(found: &Condition, is_inner: bool) -> String {
        let joined = |all: &[Condition], word: &str| {
            let all: Vec<String> = all.iter().map(|found| words(found, true)).collect();
            let text = all.join(word);
            if is_inner && all.len() > 1 { format!("({text})") } else { text }
        };
        match found {
            Condition::Symbol(symbol) => symbol.clone(),
            Condition::All(all) => joined(all, " and "),
            Condition::Any(all) => joined(all, " or "),
            Condition::Not(inner) => format!("not {}", words(inner, true)),
        }
    }
    found.map(|found| words(found, false))
}

/// The documentation of a definition, if it has any.
#[derive(Clone, Copy)]
struct Documentation<'d>(Option<&'d Doc>);

impl<'d> Documentation<'d> {
    fn text(self, kind: &DocKind) -> Option<&'d str> {
        Some(self.0?.section(kind)?.text.as_str())
    }

    fn blocks(self, kind: &DocKind) -> Vec<Block> {
        self.text(kind).map(rst::parse_description).unwrap_or_default()
    }

    /// The paragraphs that describe the definition.
    fn description(self) -> Vec<Block> {
        let sections = self.0.map(|doc| doc.sections.as_slice()).unwrap_or_default();
        let texts = sections.iter().filter(|section| section.kind == DocKind::Text);
        texts.flat_map(|section| rst::parse(&section.text)).collect()
    }

    fn features(self, features: &[model::Feature]) -> Vec<Feature> {
        let feature = |found: &model::Feature| Feature {
            name: found.name.text.clone(),
            text: self.blocks(&DocKind::Feature(found.name.text.clone())),
            condition: condition(found.condition.as_ref()),
        };
        features.iter().map(feature).collect()
    }

    fn part(self, name: &str, features: &[model::Feature], found: Option<&Condition>) -> Part {
        let text = self.text(&DocKind::Member(name.to_owned())).unwrap_or_default();
        let (text, since) = without_since(text);
        Part {
            name: name.to_owned(),
            ty: None,
            optional: false,
            marks: Marks {
                since: since.map(str::to_owned),
                features: self.features(features),
                condition: condition(found),
            },
            text: rst::parse_description(text),
        }
    }

    fn member(self, found: &model::Member) -> Part {
        let part = self.part(&found.name.text, &found.features, found.condition.as_ref());
        Part { ty: Some(type_name(&found.ty)), optional: found.optional, ..part }
    }

    fn value(self, found: &model::EnumValue) -> Part {
        self.part(&found.name.text, &found.features, found.condition.as_ref())
    }

    fn alternative(self, found: &model::Branch) -> Part {
        let part = self.part(&found.name.text, &[], found.condition.as_ref());
        Part { ty: Some(type_name(&found.ty)), ..part }
    }
}

/// Separates the remark `(since VERSION)`, with which QEMU ends the text of a part that is newer
/// than its definition.
fn without_since(text: &str) -> (&str, Option<&str>) {
    let end = text.trim_end().trim_end_matches('.');
    let found = end.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    let Some((before, remark)) = found else { return (text, None) };
    let word = remark.get(..5).filter(|word| word.eq_ignore_ascii_case("since"));
    let version = word.map(|_| remark[5..].trim_start_matches(':').trim());
    let is_version = |text: &&str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    match version.filter(is_version) {
        Some(version) => (before.trim_end(), Some(version)),
        None => (text, None),
    }
}
