//! Metadata contexts: what clients can learn about ranges of an export.
//!
//! Source: the NBD project's `doc/proto.md`, section "Metadata querying".

use std::borrow::Cow;
use std::sync::Arc;

use super::reply::OptionError;
use crate::export::Export;
use crate::protocol::{STRING_MAX, option, option_reply};

const ALLOCATION: &str = "base:allocation";
const DEPTH: &str = "qemu:allocation-depth";
const BITMAP_PREFIX: &str = "qemu:dirty-bitmap:";
/// The number of the first bitmap: two contexts precede it.
const FIRST_BITMAP: u32 = 2;

/// A metadata context of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// Holes and zeroes.
    Allocation,
    /// The image of a chain that determines the data.
    Depth,
    /// The bitmap of the export with this index.
    Bitmap(u32),
}

impl Context {
    /// The number in replies to requests.
    pub(crate) fn number(self) -> u32 {
        match self {
            Context::Allocation => 0,
            Context::Depth => 1,
            Context::Bitmap(index) => FIRST_BITMAP + index,
        }
    }

    pub(super) fn name(self, export: &Export) -> Cow<'static, str> {
        match self {
            Context::Allocation => ALLOCATION.into(),
            Context::Depth => DEPTH.into(),
            Context::Bitmap(index) => {
                let name = export.bitmaps.get(index as usize).map_or("", |bitmap| &bitmap.name);
                format!("{BITMAP_PREFIX}{name}").into()
            }
        }
    }

    /// All contexts of an export.
    fn all(export: &Export) -> impl Iterator<Item = Context> {
        let depth = export.allocation_depth.then_some(Context::Depth);
        let bitmaps = (0..export.bitmaps.len() as u32).map(Context::Bitmap);
        std::iter::once(Context::Allocation).chain(depth).chain(bitmaps)
    }
}

/// The contexts that a client has chosen for an export.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    pub(super) export: Option<Arc<Export>>,
    pub(super) chosen: Vec<Context>,
}

impl Contexts {
    /// The contexts, if they were chosen for this export.
    pub(super) fn for_export(self, export: &Arc<Export>) -> Vec<Context> {
        let is_same = self.export.is_some_and(|chosen| Arc::ptr_eq(&chosen, export));
        if is_same { self.chosen } else { Vec::new() }
    }
}

/// The name of the export, and the queries of an option about contexts.
pub(super) fn parse(
    option: u32,
    data: &[u8],
) -> Result<(String, Vec<Cow<'_, str>>), OptionError> {
    let mut fields = Fields::new(option, data);
    let name = fields.name()?;
    let count = fields.u32()?;
    let mut queries = Vec::new();
    for _ in 0..count {
        let length = fields.u32()?;
        queries.push(String::from_utf8_lossy(fields.bytes(length as usize)?));
    }
    fields.end()?;
    Ok((name, queries))
}

/// The contexts of an export that match one of the queries. A listing without queries has all
/// contexts; in a listing, a query may be the beginning of names up to a colon.
pub(super) fn find(export: &Export, queries: &[Cow<'_, str>], is_choice: bool) -> Vec<Context> {
    let matches = |context: &Context| {
        let name = context.name(export);
        let is_prefix = |query: &str| {
            ["base:", "qemu:", BITMAP_PREFIX].contains(&query) && name.starts_with(query)
        };
        let is_match = |query: &Cow<'_, str>| *query == name || (!is_choice && is_prefix(query));
        (queries.is_empty() && !is_choice) || queries.iter().any(is_match)
    };
    Context::all(export).filter(matches).collect()
}

/// The fields of an option, from the first to the last.
pub(super) struct Fields<'a> {
    option: u32,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(option: u32, data: &'a [u8]) -> Self {
        Fields { option, rest: data }
    }

    fn inconsistent(&self) -> OptionError {
        let text = format!("Inconsistent lengths in option {}", option::name(self.option));
        OptionError::new(option_reply::ERR_INVALID, text)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], OptionError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(self.inconsistent())?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, OptionError> {
        let bytes = self.bytes(2)?;
        bytes.try_into().map(u16::from_be_bytes).map_err(|_| self.inconsistent())
    }

    fn u32(&mut self) -> Result<u32, OptionError> {
        let bytes = self.bytes(4)?;
        bytes.try_into().map(u32::from_be_bytes).map_err(|_| self.inconsistent())
    }

    /// The name of an export.
    pub(super) fn name(&mut self) -> Result<String, OptionError> {
        let length = self.u32()? as usize;
        if length > STRING_MAX {
            let text = format!("Invalid name length: {length}");
            return Err(OptionError::new(option_reply::ERR_INVALID, text));
        }
        Ok(String::from_utf8_lossy(self.bytes(length)?).into_owned())
    }

    /// Refuses further data.
    pub(super) fn end(self) -> Result<(), OptionError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.inconsistent()) }
    }
}
