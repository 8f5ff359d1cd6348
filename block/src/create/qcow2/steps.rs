//! The steps of a creation, as QEMU's errors name them.

use std::io;

use crate::error::Error;
use crate::image::storage::Preallocation;

pub(super) const HEADER: &str = "Could not write qcow2 header";
pub(super) const RESIZE: &str = "Could not resize image";
pub(super) const GROW_L1: &str = "Could not resize image: Failed to grow the L1 table";
const REFCOUNTS: &str = "Could not write refcount table";

/// What has failed if a part of an image cannot be written.
#[derive(Debug)]
pub(super) struct Steps {
    pub(super) refcounts: &'static str,
    pub(super) l1_table: &'static str,
    pub(super) l2_tables: &'static str,
    pub(super) others: &'static str,
}

/// The steps of the first part of a creation: an image of size 0.
pub(super) const EMPTY: Steps =
    Steps { refcounts: REFCOUNTS, l1_table: REFCOUNTS, l2_tables: HEADER, others: HEADER };

impl Steps {
    /// The steps of the second part of a creation: the growth to the size of the image.
    pub(super) fn of_resize(preallocation: Preallocation) -> Self {
        let allocating = match preallocation {
            Preallocation::Off => GROW_L1,
            Preallocation::Metadata | Preallocation::Falloc | Preallocation::Full => {
                allocating(preallocation)
            }
        };
        Steps { refcounts: allocating, l1_table: GROW_L1, l2_tables: allocating, others: RESIZE }
    }
}

/// The text for a failed allocation of clusters.
pub(super) fn allocating(preallocation: Preallocation) -> &'static str {
    match preallocation {
        Preallocation::Off | Preallocation::Metadata => {
            "Could not resize image: Allocating clusters failed"
        }
        Preallocation::Falloc | Preallocation::Full => {
            "Could not resize image: Failed to resize refcount structures"
        }
    }
}

/// An error of the storage in a step.
pub(super) fn during(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::While { what: what.to_owned(), source }
}
