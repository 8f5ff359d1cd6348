//! Types and events.

use super::{Writer, quoted};
use crate::generate::forms::Form;
use crate::generate::prose::Prose;
use crate::model::{Arguments, Branch, Definition, EnumValue, Kind, Member, Members};
use crate::words::camel;

impl<'s> Writer<'_, 's> {
    /// Writes a type.
    pub(super) fn type_definition(&mut self, definition: &'s Definition) -> Result<(), String> {
        let prose = Prose(definition.doc.as_ref());
        let name = self.name(&definition.name.text).to_owned();
        self.out.line("");
        match &definition.kind {
            Kind::Enum { values, .. } => {
                self.comment(&prose.overview());
                self.enumeration(&name, values);
            }
            Kind::Alternate { alternatives } => {
                self.comment(&prose.overview());
                self.alternate(&name, alternatives);
            }
            Kind::Struct { .. } => {
                self.comment(&prose.overview());
                for form in self.lookup.forms(definition)? {
                    self.form(&name, &form, prose);
                }
            }
            Kind::Union { .. } => {
                let mut names = Vec::new();
                for form in self.lookup.forms(definition)? {
                    let wanted = format!("{name}{}", camel(&form.name()));
                    let form_name = self.taken.name(wanted);
                    self.form(&form_name, &form, prose);
                    names.push(form_name);
                }
                self.comment(&prose.overview());
                self.alias(&name, names.iter().map(|name| quoted(name)));
            }
            Kind::Command(_) | Kind::Event { .. } => {}
        }
        Ok(())
    }

    /// Writes an event.
    pub(super) fn event(
        &mut self,
        definition: &'s Definition,
        data: &'s Arguments,
    ) -> Result<(), String> {
        let prose = Prose(definition.doc.as_ref());
        let wire = definition.name.text.as_str();
        let name = self.name(wire).to_owned();
        self.out.line("");
        let data = match &data.members {
            None => None,
            Some(Members::Listed(members)) if members.is_empty() => None,
            Some(Members::Of(ty)) => Some(self.type_(ty, true)),
            Some(Members::Listed(members)) => {
                let data = self.taken.name(format!("{name}Data"));
                let members = members.iter().collect();
                self.form(&data, &Form { tags: Vec::new(), members }, prose);
                Some(quoted(&data))
            }
        };
        self.comment(&prose.overview());
        self.out.block(&format!("{name} = TypedDict('{name}', {{"), "})", |out| {
            out.line(format_args!("'event': Literal['{wire}'],"));
            if let Some(data) = data {
                out.line(format_args!("'data': {data},"));
            }
            out.line("'timestamp': Timestamp,");
        });
        self.events.push(name);
        Ok(())
    }

    /// Writes the union of all events.
    pub(super) fn event_union(&mut self) {
        self.out.line("");
        let events = std::mem::take(&mut self.events);
        if events.is_empty() {
            self.out.line("Event: TypeAlias = dict[str, Any]");
        } else {
            self.alias("Event", events.iter().map(|name| quoted(name)));
        }
    }

    fn enumeration(&mut self, name: &str, values: &[EnumValue]) {
        if values.is_empty() {
            return self.out.line(format_args!("{name}: TypeAlias = str"));
        }
        self.out.block(&format!("{name}: TypeAlias = Literal["), "]", |out| {
            for value in values {
                out.line(format_args!("{},", quoted(&value.name.text)));
            }
        });
    }

    fn alternate(&mut self, name: &str, alternatives: &[Branch]) {
        let types: Vec<_> =
            alternatives.iter().map(|found| self.type_(&found.ty, true)).collect();
        self.alias(name, types.into_iter());
    }

    /// Writes a name for one of several types.
    fn alias(&mut self, name: &str, types: impl Iterator<Item = String>) {
        self.out.block(&format!("{name}: TypeAlias = Union["), "]", |out| {
            for ty in types {
                out.line(format_args!("{ty},"));
            }
        });
    }

    /// Writes the `TypedDict` of one form of an object.
    fn form(&mut self, name: &str, form: &Form<'_>, prose: Prose<'_>) {
        let mut inner = self.out.inner();
        for (tag, values) in &form.tags {
            let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
            let ty = format!("Literal[{}]", values.join(", "));
            inner.line(format_args!("'{}': {},", tag.name.text, present(tag, ty)));
        }
        for member in &form.members {
            for line in prose.member(&member.name.text).text.lines() {
                inner.line(format_args!("# {line}").to_string().trim_end());
            }
            let ty = present(member, self.type_(&member.ty, true));
            inner.line(format_args!("'{}': {ty},", member.name.text));
        }
        self.out.line(format_args!("{name} = TypedDict('{name}', {{"));
        self.out.append(inner);
        self.out.line("})");
    }

    fn comment(&mut self, text: &str) {
        for line in text.lines() {
            self.out.line(format!("# {line}").trim_end());
        }
    }
}

fn present(member: &Member, ty: String) -> String {
    if member.optional { format!("NotRequired[{ty}]") } else { ty }
}
