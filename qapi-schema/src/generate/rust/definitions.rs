//! Enums, structs, unions and alternates.

use std::collections::HashMap;

use super::names::{Ident, Snakes, Variants};
use super::{Writer, attributes, docs};
use crate::generate::lookup;
use crate::generate::output::Output;
use crate::generate::prose::Prose;
use crate::model::{Branch, Definition, EnumValue, Feature, Kind, Member, Members, TypeName};
use crate::words::{is_dashed, snake};

/// The derives of types that may contain others.
const DERIVES: &str = "#[derive(Debug, Clone, PartialEq)]";
const ENUM_DERIVES: &str = "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]";

impl<'s> Writer<'_, 's> {
    /// Writes a type; nothing for a command or event.
    pub(super) fn write_type(&mut self, definition: &'s Definition) {
        match &definition.kind {
            Kind::Enum { prefix, values } => self.enum_(definition, prefix.as_deref(), values),
            Kind::Struct { base, members } => self.struct_(definition, base.as_ref(), members),
            Kind::Union { base, .. } => self.union_(definition, base),
            Kind::Alternate { alternatives } => self.alternate(definition, alternatives),
            Kind::Command(_) | Kind::Event { .. } => {}
        }
    }

    fn enum_(&mut self, definition: &Definition, prefix: Option<&str>, values: &[EnumValue]) {
        let prefix = prefix.map(|prefix| format!("prefix = {prefix:?}"));
        let ident = self.head(definition, "qapi_enum", prefix.into_iter().collect());
        let prose = Prose(definition.doc.as_ref());
        let mut variants = Variants::default();
        self.out.line(ENUM_DERIVES);
        let mut inner = self.out.inner();
        for value in values {
            let ident = variants.ident(&value.name.text);
            let text = part(&mut inner, prose, &value.name.text, ident, &value.features);
            inner.line(format_args!("{text},"));
        }
        self.out.braces(&format!("pub enum {ident}"), inner);
    }

    fn struct_(&mut self, definition: &Definition, base: Option<&TypeName>, members: &[Member]) {
        let ident = self.head(definition, "qapi_struct", Vec::new());
        let mut fields = Fields::new(self, definition);
        fields.base(base, members);
        fields.members(members.iter());
        let fields = fields.finish();
        self.out.line(DERIVES);
        self.out.braces(&format!("pub struct {ident}"), fields);
    }

    /// The form of the union in Rust depends on its base, as the guide of `qapi-core` describes.
    fn union_(&mut self, definition: &'s Definition, base: &'s Members) {
        let Some(union) = self.lookup.variants(definition) else { return };
        let prose = Prose(definition.doc.as_ref());
        let tag = union.tag.name.text.as_str();
        match base {
            Members::Listed(members)
                if members.len() == 1
                    && union.tag.features.is_empty()
                    && prose.member(tag).text.is_empty() =>
            {
                let mut words = vec![
                    format!("discriminator = {tag:?}"),
                    format!("tag = {}", self.names.of(&union.tag_type.name.text)),
                ];
                if !is_dashed(tag) {
                    words.push("name_exception".to_owned());
                }
                let ident = self.head(definition, "qapi_union", words);
                self.branches(definition, &union, &ident);
            }
            Members::Listed(members) => {
                let branches = self.branches_type(definition, &union);
                let ident = self.head(definition, "qapi_union", Vec::new());
                let mut fields = Fields::new(self, definition);
                for member in members {
                    if member.name.text == tag {
                        fields.member(member, &["discriminator"], branches.clone());
                    } else {
                        fields.members([member].into_iter());
                    }
                }
                let fields = fields.finish();
                self.out.line(DERIVES);
                self.out.braces(&format!("pub struct {ident}"), fields);
            }
            Members::Of(base) => {
                let branches = self.branches_type(definition, &union);
                let words = vec![format!("discriminator = {tag:?}")];
                let ident = self.head(definition, "qapi_union", words);
                let mut fields = Fields::new(self, definition);
                fields.base(Some(base), &[]);
                fields.marked("branches", &[], &branches);
                let fields = fields.finish();
                self.out.line(DERIVES);
                self.out.braces(&format!("pub struct {ident}"), fields);
            }
        }
    }

    /// Writes the enum of the branches of a union that is a struct. Returns its name.
    fn branches_type(
        &mut self,
        definition: &'s Definition,
        union: &lookup::Variants<'s>,
    ) -> String {
        let name = &definition.name.text;
        let ident = self.names.free(format!("{}Branch", self.names.of(name)));
        docs::write(
            &mut self.out,
            &format!("The members of `{name}` that depend on `{}`.", union.tag.name.text),
        );
        let tag = self.names.of(&union.tag_type.name.text);
        attributes::write(&mut self.out, "qapi_union", &[format!("tag = {tag}")]);
        self.branches(definition, union, &ident);
        self.out.line("");
        ident
    }

    fn branches(
        &mut self,
        definition: &'s Definition,
        union: &lookup::Variants<'s>,
        ident: &str,
    ) {
        // Names that collide get their suffixes in the order of the enum.
        let mut variants = Variants::default();
        let names = union.values.iter().map(|value| value.name.text.as_str());
        let names: HashMap<&str, String> =
            names.map(|name| (name, variants.ident(name).text)).collect();
        let mut inner = self.out.inner();
        for (value, branch) in &union.cases {
            let variant = &names[value.name.text.as_str()];
            inner.line(match branch {
                Some(branch) => format!("{variant}({}),", self.contained(definition, &branch.ty)),
                None => format!("{variant},"),
            });
        }
        self.out.line(DERIVES);
        self.out.braces(&format!("pub enum {ident}"), inner);
    }

    fn alternate(&mut self, definition: &Definition, alternatives: &[Branch]) {
        let ident = self.head(definition, "qapi_alternate", Vec::new());
        let prose = Prose(definition.doc.as_ref());
        let mut variants = Variants::default();
        self.out.line(DERIVES);
        let mut inner = self.out.inner();
        for found in alternatives {
            let ident = variants.ident(&found.name.text);
            let ty = self.contained(definition, &found.ty);
            let text = part(&mut inner, prose, &found.name.text, ident, &[]);
            inner.line(format_args!("{text}({ty}),"));
        }
        self.out.braces(&format!("pub enum {ident}"), inner);
    }

    /// Writes the documentation and the attribute of a type. Returns its name.
    fn head(&mut self, definition: &Definition, attribute: &str, first: Vec<String>) -> String {
        let Ident { text, words } = self.names.type_(&definition.name.text);
        let prose = Prose(definition.doc.as_ref());
        docs::write(&mut self.out, &prose.overview());
        let words = first.into_iter().chain(words).chain(self.common_words(definition));
        let words: Vec<_> = words.chain(self.registration()).collect();
        attributes::write(&mut self.out, attribute, &words);
        text
    }
}

/// The fields of a struct that is being written.
pub(super) struct Fields<'w, 'n, 's> {
    writer: &'w Writer<'n, 's>,
    owner: &'w Definition,
    names: Snakes,
    out: Output,
}

impl<'w, 'n, 's> Fields<'w, 'n, 's> {
    pub(super) fn new(writer: &'w Writer<'n, 's>, owner: &'w Definition) -> Self {
        Self { writer, owner, names: Snakes::of_members(), out: writer.out.inner() }
    }

    /// A field that is no member. Its name gives way to those of `members`.
    fn marked(&mut self, word: &str, members: &[Member], ty: &str) {
        let is_taken = members.iter().any(|member| snake(&member.name.text) == word);
        let ident = self.names.free(if is_taken { format!("{word}_") } else { word.to_owned() });
        attributes::write_part(&mut self.out, &[word.to_owned()]);
        self.out.line(format_args!("pub {ident}: {ty},"));
    }

    fn base(&mut self, base: Option<&TypeName>, members: &[Member]) {
        if let Some(base) = base {
            self.marked("base", members, self.writer.names.of(&base.name));
        }
    }

    pub(super) fn members<'m>(&mut self, members: impl Iterator<Item = &'m Member>) {
        for member in members {
            let ty = self.writer.contained(self.owner, &member.ty);
            self.member(member, &[], ty);
        }
    }

    fn member(&mut self, member: &Member, first: &[&str], ty: String) {
        let Ident { text, words } = self.names.ident(&member.name.text);
        let first: Vec<_> = first.iter().map(|word| (*word).to_owned()).collect();
        let words = first.into_iter().chain(words).collect();
        let ident = Ident { text, words };
        let prose = Prose(self.owner.doc.as_ref());
        let text = part(&mut self.out, prose, &member.name.text, ident, &member.features);
        let ty = if member.optional { format!("Option<{ty}>") } else { ty };
        self.out.line(format_args!("pub {text}: {ty},"));
    }

    pub(super) fn finish(self) -> Output {
        self.out
    }
}

/// Writes the documentation and the attribute of a part. Returns its name.
pub(super) fn part(
    out: &mut Output,
    prose: Prose<'_>,
    name: &str,
    ident: Ident,
    features: &[Feature],
) -> String {
    let described = prose.member(name);
    docs::write(out, &described.text);
    let words = ident.words.into_iter().chain(attributes::since(described.since));
    let words: Vec<_> = words.chain(attributes::features(features, prose)).collect();
    attributes::write_part(out, &words);
    ident.text
}
