//! `query-blockstats`.

use block::nodes::{Driver, Graph, NodeStats};
use qapi_core::qapi_command;

use crate::schema::block_stats::{
    BlockDeviceStats, BlockStats, BlockStatsSpecific, BlockStatsSpecificFile,
};

/// Returns statistics: of all devices, which this program has none of, or of all nodes, the oldest
/// first.
#[qapi_command(since = "0.14", allow_preconfig, blocking)]
pub fn query_blockstats(
    #[qapi(state)] graph: &Graph,
    /// Whether to return those of nodes; `false` by default.
    #[qapi(since = "2.3")]
    query_nodes: Option<bool>,
) -> Vec<BlockStats> {
    match query_nodes {
        Some(true) => graph.stats().into_iter().map(block_stats).collect(),
        Some(false) | None => Vec::new(),
    }
}

fn block_stats(stats: NodeStats) -> BlockStats {
    let discards = stats.discards.map(|counts| BlockStatsSpecificFile {
        discard_nb_ok: counts.succeeded,
        discard_nb_failed: counts.failed,
        discard_bytes_ok: counts.bytes,
    });
    BlockStats {
        device: None,
        qdev: None,
        driver_specific: match stats.driver {
            Driver::File => discards.map(BlockStatsSpecific::File),
            Driver::HostDevice => discards.map(BlockStatsSpecific::HostDevice),
            _without => None,
        },
        node_name: Some(stats.node_name),
        stats: BlockDeviceStats {
            wr_highest_offset: stats.highest_write.cast_signed(),
            ..BlockDeviceStats::default()
        },
        parent: stats.below.map(|below| Box::new(block_stats(*below))),
        backing: None,
    }
}
