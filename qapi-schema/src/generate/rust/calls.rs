//! Commands and events.

use super::definitions::{Fields, part};
use super::names::{Ident, Snakes};
use super::{Purpose, Writer, attributes, docs};
use crate::generate::output::Output;
use crate::generate::prose::Prose;
use crate::model::{Arguments, Command, Definition, Member, Members, TypeName};
use crate::words::camel;

/// The type of the arguments of a command that checks them itself.
const MAP: &str = "serde_json::Map<String, serde_json::Value>";

impl<'s> Writer<'_, 's> {
    /// Writes an event.
    pub(super) fn event(&mut self, definition: &'s Definition, data: &Arguments) {
        let Ident { text, words } = self.names.event(&definition.name.text);
        docs::write(&mut self.out, &Prose(definition.doc.as_ref()).overview());
        let boxed = match &data.members {
            Some(Members::Of(ty)) => Some(self.types_name(ty)),
            Some(Members::Listed(_)) | None => None,
        };
        let words = words.into_iter().chain(boxed.is_some().then(|| "boxed".to_owned()));
        let words: Vec<_> =
            words.chain(self.common_words(definition)).chain(self.registration()).collect();
        attributes::write(&mut self.out, "qapi_event", &words);
        self.out.line("#[derive(Debug, Clone, PartialEq)]");
        match (boxed, data.listed()) {
            (Some(ty), _) => self.out.line(format_args!("pub struct {text}(pub {ty});")),
            (None, []) => self.out.line(format_args!("pub struct {text};")),
            (None, members) => {
                let mut fields = Fields::new(self, definition);
                fields.members(members.iter());
                let fields = fields.finish();
                self.out.braces(&format!("pub struct {text}"), fields);
            }
        }
        self.declarations.push(format!("<{text} as qapi_core::QapiEvent>"));
    }

    /// Writes a command: a function, or a declaration for clients.
    pub(super) fn command(&mut self, definition: &'s Definition, command: &'s Command) {
        let name = definition.name.text.as_str();
        let ident = self.commands.ident(name);
        let is_client = self.purpose == Purpose::Client;
        if is_client && !command.success_response {
            let text = "has no reply after success, so that no declaration is possible.";
            self.out.line(format_args!("// `{name}` {text}"));
            return;
        }
        let data = self.raw_data(definition, command);
        self.command_docs(definition, command);
        let words = self.command_words(definition, command, &ident, data.as_deref());
        attributes::write(&mut self.out, "qapi_command", &words);
        let parameters = self.parameters(definition, command, data.is_some());
        self.signature(command, &ident.text, parameters, name);
        self.declarations.push(format!("<{} as qapi_core::QapiCommand>", ident.text));
    }

    fn command_docs(&mut self, definition: &Definition, command: &Command) {
        let prose = Prose(definition.doc.as_ref());
        let overview = prose.overview();
        docs::write(&mut self.out, &overview);
        let returns = prose.tagged("Returns");
        // The attribute refuses the section of a command that returns nothing.
        let returns = if command.returns.is_some() { returns } else { String::new() };
        docs::write_section(&mut self.out, "Returns", &returns, overview.is_empty());
        let is_first = overview.is_empty() && returns.is_empty();
        docs::write_section(&mut self.out, "Errors", &prose.tagged("Errors"), is_first);
    }

    /// The type of the arguments of a command that checks them itself (`gen`), if there are any.
    /// Arguments that the command lists become a struct.
    fn raw_data(&mut self, definition: &'s Definition, command: &'s Command) -> Option<String> {
        if command.r#gen || self.purpose == Purpose::Client {
            return None;
        }
        match command.data.members.as_ref()? {
            Members::Of(ty) => Some(self.types_name(ty)),
            Members::Listed(members) => {
                let name = &definition.name.text;
                let wanted = format!("{}Arguments", camel(name));
                let ident = self.names.free(wanted);
                docs::write(&mut self.out, &format!("The arguments of `{name}`."));
                self.out.line("#[qapi_struct]");
                self.out.line("#[derive(Debug, Clone, PartialEq)]");
                let mut fields = Fields::new(self, definition);
                fields.members(members.iter());
                let fields = fields.finish();
                self.out.braces(&format!("pub struct {ident}"), fields);
                self.out.line("");
                Some(ident)
            }
        }
    }

    fn command_words(
        &self,
        definition: &Definition,
        command: &Command,
        ident: &Ident,
        data: Option<&str>,
    ) -> Vec<String> {
        let is_checked = command.r#gen || self.purpose == Purpose::Client;
        let is_boxed = matches!(command.data.members, Some(Members::Of(_))) && is_checked;
        let is_exception = command.returns.as_ref().is_some_and(|ty| !self.lookup.is_object(ty));
        let flags = [
            (is_boxed, "boxed"),
            (!is_checked, "gen = false"),
            (command.allow_oob, "allow_oob"),
            (command.allow_preconfig, "allow_preconfig"),
            (!command.success_response, "success_response = false"),
            (is_exception, "returns_exception"),
        ];
        let flags =
            flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word.to_owned());
        let mut words: Vec<_> = ident.words.iter().cloned().chain(flags).collect();
        words.extend(data.map(|data| format!("data = {data}")));
        if let Some(ty) = command.returns.as_ref().filter(|_| !is_checked) {
            words.push(format!("returns = {}", self.type_(ty)));
        }
        words.extend(self.common_words(definition));
        words
    }

    /// The parameters, each with its documentation and attribute, and their names.
    fn parameters(&self, definition: &Definition, command: &Command, is_raw: bool) -> Parameters {
        let mut inner = self.out.inner();
        if is_raw {
            inner.line(format_args!("arguments: {MAP},"));
            return Parameters::new(inner, vec!["arguments".to_owned()]);
        }
        match &command.data.members {
            None => Parameters::new(inner, Vec::new()),
            Some(Members::Of(ty)) => {
                inner.line(format_args!("arguments: {},", self.types_name(ty)));
                Parameters::new(inner, vec!["arguments".to_owned()])
            }
            Some(Members::Listed(members)) => {
                let mut names = Snakes::of_members();
                let prose = Prose(definition.doc.as_ref());
                let parameter = |member: &Member| {
                    let ident = names.ident(&member.name.text);
                    let name = &member.name.text;
                    let text = part(&mut inner, prose, name, ident, &member.features);
                    let ty = self.borrowed(&member.ty);
                    let ty = if member.optional { format!("Option<{ty}>") } else { ty };
                    inner.line(format_args!("{text}: {ty},"));
                    text
                };
                let names = members.iter().map(parameter).collect();
                Parameters::new(inner, names)
            }
        }
    }

    fn signature(&mut self, command: &Command, ident: &str, parameters: Parameters, name: &str) {
        let returned = command.returns.as_ref().map(|ty| self.type_(ty));
        let is_async = if command.coroutine { "async " } else { "" };
        let Parameters { lines, names } = parameters;
        if self.purpose == Purpose::Client {
            let returned = returned.map_or_else(String::new, |ty| format!(" -> {ty}"));
            self.out.parentheses(&format!("pub fn {ident}"), lines, &format!("{returned};"));
            return;
        }
        let returned = returned.unwrap_or_else(|| "()".to_owned());
        let head = format!("pub {is_async}fn {ident}");
        self.out.parentheses(&head, lines, &format!(" -> qapi_core::Result<{returned}> {{"));
        let mut body = self.out.inner();
        match names.as_slice() {
            [] => {}
            [only] => body.line(format_args!("let _ = {only};")),
            all => body.line(format_args!("let _ = ({});", all.join(", "))),
        }
        body.line(format_args!("Err(not_implemented({name:?}))"));
        self.out.append(body);
        self.out.line("}");
    }

    /// The type of a parameter: strings and lists are borrowed.
    fn borrowed(&self, ty: &TypeName) -> String {
        if ty.is_array {
            return format!("&[{}]", self.element(ty));
        }
        if ty.name == "str" { "&str".to_owned() } else { self.element(ty) }
    }

    /// The end of the file: the list of what a client uses, or what functions without code return.
    pub(super) fn write_end(&mut self) {
        match self.purpose {
            Purpose::Client => {
                docs::write(
                    &mut self.out,
                    "All commands and events of this file, for `Client::check_schema`.",
                );
                let open = "pub fn declarations() -> Vec<&'static qapi_core::Definition> {";
                let names = std::mem::take(&mut self.declarations);
                self.out.block(open, "}", |out| {
                    out.block("vec![", "]", |out| {
                        for name in names {
                            out.line(format_args!("{name}::DEFINITION,"));
                        }
                    });
                });
            }
            Purpose::Server => {
                docs::write(
                    &mut self.out,
                    "The error of a command whose function has no code yet.",
                );
                let open = "fn not_implemented(command: &str) -> qapi_core::Error {";
                self.out.block(open, "}", |out| {
                    out.line("format!(\"The command {command} is not implemented\").into()");
                });
            }
        }
    }
}

/// The parameters of a function.
struct Parameters {
    lines: Output,
    names: Vec<String>,
}

impl Parameters {
    fn new(lines: Output, names: Vec<String>) -> Self {
        Self { lines, names }
    }
}
