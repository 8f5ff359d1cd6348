//! Reports of corruptions that requests find in the images of nodes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::image::qcow2::{Corruption, CorruptionObserver};

/// A function that receives the name of a node and a corruption of its image.
type Receiver = dyn Fn(&str, &Corruption) + Send + Sync;

/// The receiver of all corruptions in a graph, if there is one. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Corruptions(Arc<OnceLock<Box<Receiver>>>);

impl Corruptions {
    /// Sets the receiver, unless there is one.
    pub(super) fn set(&self, receiver: Box<Receiver>) {
        let _ = self.0.set(receiver);
    }

    /// The observer of the image of a node.
    pub(super) fn of_node(&self, name: &str) -> Arc<dyn CorruptionObserver> {
        Arc::new(OfNode { name: name.to_owned(), all: self.clone() })
    }
}

impl fmt::Debug for Corruptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Corruptions")
    }
}

/// The observer of the image of one node.
#[derive(Debug)]
struct OfNode {
    name: String,
    all: Corruptions,
}

impl CorruptionObserver for OfNode {
    fn on_corruption(&self, corruption: &Corruption) {
        if let Some(receiver) = self.all.0.get() {
            receiver(&self.name, corruption);
        }
    }
}
