//! Tests of block jobs through the library, without a daemon process.
//!
//! | part | file |
//! |---|---|
//! | mirror, commit of the active layer, while another thread writes | `mirror` |
//! | stream, commit, while another client changes the chain | `stream_commit` |
//! | all jobs, on storage whose flushes hang | `slow_disk` |

mod mirror;
mod slow_disk;
mod stream_commit;
/// The fixture of the block layer's own tests.
#[allow(dead_code, reason = "only a part of the fixture is for jobs")]
#[path = "../../../block/tests/nodes/support.rs"]
mod support;

use block::copy::CopySlots;
use block::nodes::Graph;
use job::Jobs;
use qapi_core::Events;
use storage_daemon::block_job::BlockJobContext;

/// The state that jobs on the nodes of a graph need, without clients.
fn context(graph: &Graph) -> BlockJobContext {
    BlockJobContext {
        jobs: Jobs::new(|_: &job::JobStatusChange| {}),
        graph: graph.clone(),
        slots: CopySlots::default(),
        events: Events::new(),
    }
}
