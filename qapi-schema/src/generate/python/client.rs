//! The class of the client: a method for each command.

use super::Writer;
use crate::generate::output::Output;
use crate::generate::prose::Prose;
use crate::generate::unique::Unique;
use crate::model::{Command, Definition, Kind, Member, Members, TypeName};
use crate::words::snake;

/// Keywords, and the names that the body of a method uses.
const RESERVED: &[&str] = &[
    "and",
    "arguments",
    "as",
    "assert",
    "async",
    "await",
    "bool",
    "break",
    "cast",
    "class",
    "continue",
    "def",
    "del",
    "dict",
    "elif",
    "else",
    "events",
    "except",
    "execute",
    "finally",
    "float",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "int",
    "is",
    "lambda",
    "list",
    "more",
    "nonlocal",
    "not",
    "or",
    "pass",
    "qmp",
    "raise",
    "return",
    "self",
    "str",
    "try",
    "while",
    "with",
    "yield",
];

/// The parameters of a method, and the lines of its `arguments`.
struct Parameters {
    declared: Output,
    /// The items of the dictionary.
    sent: Vec<String>,
    /// The items of the optional arguments that are not sent if they are `None`.
    optional: Vec<String>,
}

impl<'s> Writer<'_, 's> {
    /// Writes the class.
    pub(super) fn client(&mut self) {
        self.out.lines(include_str!("client.py"));
        let mut methods = Unique::new(RESERVED);
        let mut inner = self.out.inner();
        for definition in self.lookup.definitions {
            let Kind::Command(command) = &definition.kind else { continue };
            inner.line("");
            if !command.success_response {
                let name = &definition.name.text;
                inner.line(format_args!("# `{name}` has no reply after success."));
                continue;
            }
            let method = methods.name(snake(&definition.name.text));
            self.method(&mut inner, &method, definition, command);
        }
        self.out.append(inner);
    }

    fn method(
        &self,
        out: &mut Output,
        method: &str,
        definition: &Definition,
        command: &'s Command,
    ) {
        let returned = command.returns.as_ref().map(|ty| self.type_(ty, false));
        let result = returned.as_deref().unwrap_or("None");
        let Parameters { declared, sent, optional } = self.parameters(out.inner(), command);
        let head = format!("async def {method}");
        let tail = format!(" -> {result}:");
        out.line(format_args!("{head}("));
        out.append(declared);
        out.line(format_args!("){tail}"));
        let mut body = out.inner();
        docstring(&mut body, definition, command.data.listed());
        if sent.is_empty() && optional.is_empty() {
            body.line("arguments: dict[str, object] = {}");
        } else {
            dictionary(&mut body, &sent, &optional);
        }
        let call = format!("await self.execute('{}', arguments)", definition.name.text);
        body.line(match &returned {
            None => call,
            Some(ty) => format!("return cast('{ty}', {call})"),
        });
        out.append(body);
    }

    fn parameters(&self, declared: Output, command: &'s Command) -> Parameters {
        let mut parameters = Parameters { declared, sent: Vec::new(), optional: Vec::new() };
        parameters.declared.line("self,");
        match &command.data.members {
            None => {}
            Some(Members::Of(ty)) => {
                let ty = self.type_(ty, false);
                parameters.declared.line(format_args!("members: {ty},"));
                parameters.sent.push("**members".to_owned());
            }
            Some(Members::Listed(members)) => {
                if !members.is_empty() {
                    parameters.declared.line("*,");
                }
                let mut names = Unique::new(RESERVED);
                for member in members {
                    let name = names.name(snake(&member.name.text));
                    self.parameter(&mut parameters, member, &name);
                }
            }
        }
        if !command.r#gen {
            parameters.declared.line("**more: object,");
            parameters.sent.push("**more".to_owned());
        }
        parameters
    }

    fn parameter(&self, parameters: &mut Parameters, member: &Member, name: &str) {
        let (wire, ty) = (&member.name.text, self.type_(&member.ty, false));
        let Parameters { declared, sent, optional } = parameters;
        if !member.optional {
            declared.line(format_args!("{name}: {ty},"));
            sent.push(format!("'{wire}': {name}"));
        } else if self.may_be_none(&member.ty) {
            declared.line(format_args!("{name}: {ty} | Absent = ABSENT,"));
            sent.push(format!("**({{}} if {name} is ABSENT else {{'{wire}': {name}}})"));
        } else {
            declared.line(format_args!("{name}: {ty} | None = None,"));
            optional.push(format!("'{wire}': {name}"));
        }
    }

    /// Whether `None` is a value of the type.
    fn may_be_none(&self, ty: &TypeName) -> bool {
        if ty.is_array {
            return false;
        }
        match self.lookup.find(ty).map(|found| &found.kind) {
            Some(Kind::Alternate { alternatives }) => {
                alternatives.iter().any(|found| found.ty.name == "null" && !found.ty.is_array)
            }
            Some(_) => false,
            None => matches!(ty.name.as_str(), "null" | "any"),
        }
    }
}

/// Writes the dictionary of the arguments.
fn dictionary(out: &mut Output, sent: &[String], optional: &[String]) {
    out.block("arguments: dict[str, object] = {", "}", |out| {
        for item in sent {
            out.line(format_args!("{item},"));
        }
        if !optional.is_empty() {
            out.block("**_present({", "}),", |out| {
                for item in optional {
                    out.line(format_args!("{item},"));
                }
            });
        }
    });
}

/// Writes the documentation of a command and of its arguments, under their names on the wire.
fn docstring(out: &mut Output, definition: &Definition, members: &[Member]) {
    let prose = Prose(definition.doc.as_ref());
    let mut text = prose.overview();
    for Member { name, .. } in members {
        let found = prose.member(&name.text).text;
        if !found.is_empty() {
            text.push_str(&format!("\n\n{}: {found}", name.text));
        }
    }
    for tag in ["Returns", "Errors"] {
        let found = prose.tagged(tag);
        if !found.is_empty() {
            text.push_str(&format!("\n\n{tag}:\n{found}"));
        }
    }
    let text = text.trim().replace('\\', "\\\\").replace('"', "\\\"");
    if text.is_empty() {
        return;
    }
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    if text.lines().count() == 1 {
        return out.line(format_args!("\"\"\"{first}\"\"\""));
    }
    out.line(format_args!("\"\"\"{first}"));
    for line in lines {
        out.line(line);
    }
    out.line("\"\"\"");
}
