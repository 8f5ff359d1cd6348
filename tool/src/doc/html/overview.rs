//! The pages of the manual: the index, the versions, and one for each module.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::Context;
use super::page::page;
use crate::doc::manual::Kind;
use crate::doc::markup::summary;

/// The first page: the modules, then all definitions by kind.
pub(super) fn index(context: &Context) -> Markup {
    let manual = context.manual;
    let contents = html! {
        h1 { (manual.title) }
        p.counts {
            @for kind in Kind::ALL {
                @let count = context.links.of_kind(None, kind).len();
                @if count > 0 { a href={ "#" (kind.plural()) } { (count) " " (kind.plural()) } " " }
            }
        }
        h2 { "Modules" }
        ul.modules {
            @for (index, module) in manual.modules.iter().enumerate() {
                li {
                    a href={ (context.links.page(index)) ".html" } { (module.name) }
                    " " span.role { (counts(context, index)) }
                }
            }
        }
        @for kind in Kind::ALL {
            @let found = context.links.of_kind(None, kind);
            @if !found.is_empty() {
                h2 id=(kind.plural()) { (kind.plural()) }
                ul.names {
                    @for (index, _) in found { li { (context.reference(index)) } }
                }
            }
        }
    };
    page(context, &manual.title, None, &contents)
}

/// The numbers of definitions of a module, in words.
fn counts(context: &Context, module: usize) -> String {
    let count = |kinds: &[Kind]| {
        kinds.iter().map(|kind| context.links.of_kind(Some(module), *kind).len()).sum::<usize>()
    };
    let (calls, types) = Kind::ALL.split_at(2);
    let counts =
        [(count(&calls[..1]), "command"), (count(&calls[1..]), "event"), (count(types), "type")];
    let words = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| format!("{count} {noun}{}", if *count == 1 { "" } else { "s" }));
    words.collect::<Vec<_>>().join(", ")
}

/// The page of a module.
pub(super) fn module(context: &Context, index: usize) -> Markup {
    let module = &context.manual.modules[index];
    let contents = html! {
        h1 { (module.name) }
        (context.blocks(&module.text))
        @for kind in Kind::ALL {
            @let found = context.links.of_kind(Some(index), kind);
            @if !found.is_empty() {
                h2 { (kind.plural()) }
                @for (index, _) in found { (context.definition(index)) }
            }
        }
    };
    page(context, &format!("{} – {}", module.name, context.manual.title), Some(index), &contents)
}

/// The page of releases: what is deprecated, what is unstable, and what each release added.
pub(super) fn versions(context: &Context) -> Markup {
    let contents = html! {
        h1 { "Versions" }
        (marked(context, "deprecated", "Deprecated"))
        (marked(context, "unstable", "Unstable"))
        h2 { "Additions" }
        @for (version, found) in additions(context).iter().rev() {
            h3 { (version.1) }
            ul.names {
                @for (index, part) in found { li { (context.reference(*index)) (part) } }
            }
        }
    };
    page(context, &format!("Versions – {}", context.manual.title), None, &contents)
}

/// The definitions and parts with a feature.
fn marked(context: &Context, feature: &str, heading: &str) -> Markup {
    let all = context.manual.definitions.iter().enumerate();
    let found: Vec<(usize, Markup, String)> = all
        .flat_map(|(index, definition)| {
            let own = definition.marks.has(feature);
            let own = own.then(|| (index, html! {}, summary(&definition.text)));
            let parts = definition.parts.iter().filter(move |part| part.marks.has(feature));
            own.into_iter().chain(parts.map(move |part| {
                (index, html! { " " span.role { (part.name) } }, summary(&part.text))
            }))
        })
        .collect();
    html! {
        @if !found.is_empty() {
            h2 { (heading) }
            ul.list {
                @for (index, part, text) in &found {
                    li { (context.reference(*index)) (part) " " span.text { (text) } }
                }
            }
        }
    }
}

/// A version, which sorts by its numbers.
type Version = (Vec<u32>, String);

/// What each version added: a definition, or a part of it in words.
fn additions<'m>(context: &'m Context) -> BTreeMap<Version, Vec<(usize, Markup)>> {
    let mut additions: BTreeMap<Version, Vec<(usize, Markup)>> = BTreeMap::new();
    let mut add = |since: &'m Option<String>, index, part| {
        if let Some(since) = since {
            let numbers = since.split('.').map(|number| number.parse().unwrap_or(0)).collect();
            additions.entry((numbers, since.clone())).or_default().push((index, part));
        }
    };
    for (index, definition) in context.manual.definitions.iter().enumerate() {
        add(&definition.marks.since, index, html! {});
        for part in &definition.parts {
            add(&part.marks.since, index, html! { " " span.role { (part.name) } });
        }
    }
    additions
}
