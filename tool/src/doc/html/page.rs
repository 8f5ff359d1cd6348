//! What all pages share: the bar with the search, and the list of contents.

use maud::{DOCTYPE, Markup, html};

use super::Context;
use crate::doc::manual::Kind;

/// A page with a title and its contents. `module` is the module that it shows.
pub(super) fn page(
    context: &Context,
    title: &str,
    module: Option<usize>,
    contents: &Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                // Without an icon of its own a browser would ask for one.
                link rel="icon" href="data:,";
                link rel="stylesheet" href="manual.css";
                script src="manual.js" defer {}
            }
            body {
                a.skip href="#main" { "Skip to the text" }
                header.bar {
                    a.title href="index.html" { (context.manual.title) }
                    form.search role="search" {
                        input #search type="search" placeholder="Search" autocomplete="off"
                            aria-label="Search" aria-controls="results" spellcheck="false";
                        kbd aria-hidden="true" { "/" }
                        ol #results hidden {}
                    }
                    a.menu href="#contents" { "Contents" }
                }
                div.columns {
                    main #main { (contents) }
                    (navigation(context, module))
                }
            }
        }
    }
}

/// The list of modules. That of the page lists its definitions.
fn navigation(context: &Context, current: Option<usize>) -> Markup {
    html! {
        nav #contents aria-label="Contents" {
            p { a href="index.html" { "Index" } }
            p { a href="versions.html" { "Versions" } }
            h2 { "Modules" }
            ul {
                @for (index, module) in context.manual.modules.iter().enumerate() {
                    li {
                        @let page = format!("{}.html", context.links.page(index));
                        a href=(page) aria-current=[(current == Some(index)).then_some("page")] {
                            (module.name)
                        }
                        @if current == Some(index) { (definitions(context, index)) }
                    }
                }
            }
        }
    }
}

fn definitions(context: &Context, module: usize) -> Markup {
    html! {
        @for kind in Kind::ALL {
            @let found = context.links.of_kind(Some(module), kind);
            @if !found.is_empty() {
                h3 { (kind.plural()) }
                ul {
                    @for (index, definition) in found {
                        li {
                            a href={ "#" (context.links.anchor(index)) } { (definition.name) }
                        }
                    }
                }
            }
        }
    }
}
