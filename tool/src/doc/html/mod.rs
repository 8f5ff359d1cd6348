//! A manual as static pages. They need no server, and ask no other host for anything.

mod definition;
mod overview;
mod page;
mod parts;
mod phrases;
mod search;

use std::cell::Cell;

use maud::Render;

use super::files::Files;
use super::links::Links;
use super::manual::Manual;
use crate::status::Result;

const STYLE: &str = include_str!("manual.css");
const SCRIPT: &str = include_str!("manual.js");

/// The most parts of other definitions that a manual shows in place. Beyond it, references alone
/// are shown: an untrusted schema could otherwise multiply its size.
const MAX_IN_PLACE: usize = 100_000;

/// What every page needs.
struct Context<'m> {
    manual: &'m Manual,
    links: &'m Links<'m>,
    /// How many more parts may be shown in place.
    left: Cell<usize>,
}

impl Context<'_> {
    /// Whether so many parts may be shown in place, which are then counted.
    fn has_place_for(&self, parts: usize) -> bool {
        let left = self.left.get().checked_sub(parts);
        self.left.set(left.unwrap_or(self.left.get()));
        left.is_some()
    }
}

/// Writes the pages, their style, and the search.
pub(super) fn write(manual: &Manual, links: &Links, files: &Files) -> Result {
    let context = Context { manual, links, left: Cell::new(MAX_IN_PLACE) };
    files.write("manual.css", STYLE)?;
    files.write("manual.js", SCRIPT)?;
    files.write("search.js", search::index(&context))?;
    files.write("index.html", overview::index(&context).render().into_string())?;
    files.write("versions.html", overview::versions(&context).render().into_string())?;
    for module in 0..manual.modules.len() {
        let name = format!("{}.html", links.page(module));
        files.write(&name, overview::module(&context, module).render().into_string())?;
    }
    Ok(())
}
