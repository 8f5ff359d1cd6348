//! The statistics of nodes, for `query-blockstats`.

use super::driver::Driver;
use super::graph::Graph;
use super::node::Node;
use crate::image::host_file::{DiscardCounts, HostFile};

/// The statistics of a node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NodeStats {
    /// The name of the node.
    pub node_name: String,
    /// The driver.
    pub driver: Driver,
    /// The largest end of a write to the node since it was opened, in bytes.
    pub highest_write: u64,
    /// The requests to free space, if the node is a file or a device of the host.
    pub discards: Option<DiscardCounts>,
    /// The node below: the one in which the node is stored, or the one that a filter shows.
    pub below: Option<Box<NodeStats>>,
}

impl Node {
    /// The statistics of the node and of those below.
    pub fn stats(&self) -> NodeStats {
        let filtered = || self.backing().filter(|_| self.driver().is_filter());
        let below = self.file().or_else(filtered);
        NodeStats {
            node_name: self.name().to_owned(),
            driver: self.driver(),
            highest_write: self.highest_write(),
            discards: self.with_host_file(HostFile::discard_counts),
            below: below.map(|node| Box::new(node.stats())),
        }
    }
}

impl Node {
    /// Counts a request to free space in the file of a raw image. The image makes it as a write of
    /// zeroes, so that the range reads as zeroes in any case. Images of other formats free space in
    /// their files themselves.
    pub(super) fn count_discard(&self, length: u64, has_succeeded: bool) {
        match self.driver() {
            Driver::Raw => {
                if let Some(file) = self.file() {
                    file.count_discard(length, has_succeeded);
                }
            }
            Driver::File | Driver::HostDevice => {
                self.with_host_file(|file| file.count_discard(length, has_succeeded));
            }
            _others => {}
        }
    }
}

impl Graph {
    /// As [`Node::stats`], for all open nodes, the oldest first.
    pub fn stats(&self) -> Vec<NodeStats> {
        self.nodes().iter().rev().map(|node| node.stats()).collect()
    }
}
