//! Documentation fits the definition that follows it.

use super::Checker;
use crate::doc::{Doc, DocKind, DocSection};
use crate::finding::Finding;
use crate::model::{Definition, Feature, Kind};

impl Checker<'_> {
    /// All rules for the documentation of a definition.
    pub(super) fn documentation(&mut self, definition: &Definition) {
        let Some(doc) = &definition.doc else { return };
        let Some((symbol, span)) = &doc.symbol else { return };
        if *symbol != definition.name.text {
            let help = format!("write `@{}:`", definition.name.text);
            self.report(*span, format!("documentation comment is for `{symbol}`"), help);
            return;
        }
        self.sections(definition, doc);
        let members = definition.described_parts();
        let is_excepted = self.pragmas.documentation_exceptions.contains(symbol);
        for (role, name) in members.iter().filter(|_| !is_excepted) {
            if doc.section(&DocKind::Member(name.text.clone())).is_none() {
                let help = format!("write `# @{}: text` above", name.text);
                self.report(
                    name.span,
                    format!("{role} `{}` lacks documentation", name.text),
                    help,
                );
            }
        }
        let features: Vec<&Feature> = definition
            .features_by_part()
            .into_iter()
            .flat_map(|(_, _, features)| features)
            .collect();
        for Feature { name, .. } in &features {
            if doc.section(&DocKind::Feature(name.text.clone())).is_none() {
                let help = format!("write `# @{}: text` under `# Features:` above", name.text);
                let message = format!("feature `{}` lacks documentation", name.text);
                self.report(name.span, message, help);
            }
        }
        let is_member = |wanted: &str| members.iter().any(|(_, name)| name.text == wanted);
        let is_feature = |wanted: &str| features.iter().any(|found| found.name.text == wanted);
        let members = doc.sections.iter().filter_map(|section| match &section.kind {
            DocKind::Member(name) if !is_member(name) => Some((name.as_str(), section)),
            DocKind::Text | DocKind::Member(_) | DocKind::Feature(_) | DocKind::Tag(_) => None,
        });
        self.bogus("member", members.collect());
        let features = doc.sections.iter().filter_map(|section| match &section.kind {
            DocKind::Feature(name) if !is_feature(name) => Some((name.as_str(), section)),
            DocKind::Text | DocKind::Member(_) | DocKind::Feature(_) | DocKind::Tag(_) => None,
        });
        self.bogus("feature", features.collect());
    }

    fn bogus(&mut self, what: &str, found: Vec<(&str, &DocSection)>) {
        let Some((_, first)) = found.first() else { return };
        let names: Vec<_> = found.iter().map(|(name, _)| format!("`{name}`")).collect();
        let (s, does) = if names.len() == 1 { ("", "does") } else { ("s", "do") };
        let message = format!("documented {what}{s} {} {does} not exist", names.join(", "));
        let help = format!("remove the description, or correct the name of the {what}");
        let others = found[1..].iter();
        let mut finding = Finding::error(first.span, message).help(help);
        finding.related =
            others.map(|(_, section)| (section.span, "and this one".to_owned())).collect();
        self.findings.push(finding);
    }

    /// Rules for sections with a tag.
    fn sections(&mut self, definition: &Definition, doc: &Doc) {
        let returns_nothing = match &definition.kind {
            Kind::Command(command) => command.returns.is_none(),
            Kind::Enum { .. }
            | Kind::Struct { .. }
            | Kind::Union { .. }
            | Kind::Alternate { .. }
            | Kind::Event { .. } => {
                for tag in ["Returns", "Errors"] {
                    if let Some(section) = doc.section(&DocKind::Tag(tag)) {
                        let message = format!("`{tag}` section is only valid for commands");
                        let error = Finding::error(section.span, message);
                        self.findings.push(error.help("remove the section"));
                    }
                }
                false
            }
        };
        let section = doc.section(&DocKind::Tag("Returns")).filter(|_| returns_nothing);
        if let Some(section) = section {
            let message = "`Returns` section, but command doesn't return anything";
            let error = Finding::error(section.span, message);
            self.findings.push(error.help("remove the section, or add the key `returns`"));
        }
    }
}
