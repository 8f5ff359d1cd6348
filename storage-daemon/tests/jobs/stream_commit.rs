//! Streams and commits on chains that another client changes while the job is created.

use std::sync::{Arc, mpsc};

use block::nodes::backing::BackingChange;
use block::nodes::{Graph, Node};
use block::options::BlockdevRefOrNull;
use qapi_core::Result;
use storage_daemon::block_job::OnError;
use storage_daemon::jobs::commit::{self, CommitOptions};
use storage_daemon::jobs::prepare::JobArguments;
use storage_daemon::jobs::stream::{self, StreamOptions};

use crate::context;
use crate::support::*;

/// A chain of the nodes `top`, `mid` and `base`, all read-only.
fn chain(fixture: &Fixture) -> [Arc<Node>; 3] {
    let mut below = None;
    let nodes = ["base", "mid", "top"].map(|name| {
        fixture.format(name, |_| {});
        let backing = match below.replace(name) {
            Some(backing) => Some(named(backing).into()),
            None => Some(BlockdevRefOrNull::NONE),
        };
        fixture.add(with_backing(inline(fixture.file(name)), backing).named(name).read_only(true))
    });
    let [base, mid, top] = nodes;
    [top, mid, base]
}

/// Runs `starting`, a command that needs a thread for blocking work. The thread is available only
/// after `meanwhile` has returned.
fn start_while<T>(starting: T, meanwhile: impl FnOnce()) -> Result<()>
where
    T: Future<Output = Result<()>> + Send + 'static,
{
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().expect("a runtime");
    runtime.block_on(async {
        let (free, freed) = mpsc::channel::<()>();
        let occupied = tokio::task::spawn_blocking(move || freed.recv());
        let started = tokio::spawn(starting);
        tokio::task::yield_now().await;
        assert!(!started.is_finished(), "it waits for the thread");
        meanwhile();
        free.send(()).expect("the thread waits");
        occupied.await.expect("no panic").expect("it was freed");
        started.await.expect("no panic")
    })
}

fn without_backing(graph: &Graph, node: &Arc<Node>) {
    let change = BackingChange { node: None, name: None };
    graph.change_backing(node, change).expect("it can be changed");
}

#[test]
fn a_stream_is_refused_if_its_chain_has_changed_meanwhile() {
    let fixture = Fixture::new();
    let [top, _mid, base] = chain(&fixture);
    let options = StreamOptions {
        job: JobArguments { job_id: Some("j0".into()), ..JobArguments::default() },
        device: "top".into(),
        base: None,
        base_node: Some("base".into()),
        bottom: None,
        backing_file: None,
        backing_mask_protocol: false,
        on_error: OnError::both(None),
        filter_node_name: None,
    };
    let context = context(&fixture.graph);
    let starting = async move { stream::start(&context, options).await };
    let refused = start_while(starting, || without_backing(&fixture.graph, &top));
    let refused = refused.expect_err("the base is gone from the chain");
    assert_eq!(refused.to_string(), "Node 'base' is not a backing image of 'top'");
    assert!(top.is_read_only() && base.is_read_only());
    assert!(top.backing().is_none());
}

#[test]
fn a_commit_is_refused_if_its_chain_has_changed_meanwhile() {
    for top_node in ["mid", "top"] {
        let fixture = Fixture::new();
        let [_top, mid, base] = chain(&fixture);
        let options = CommitOptions {
            job: JobArguments { job_id: Some("j0".into()), ..JobArguments::default() },
            device: "top".into(),
            base_node: Some("base".into()),
            base: None,
            top_node: Some(top_node.into()),
            top: None,
            backing_file: None,
            backing_mask_protocol: false,
            on_error: OnError::both(None),
            filter_node_name: None,
        };
        let context = context(&fixture.graph);
        let starting = async move { commit::start(&context, options).await };
        let refused = start_while(starting, || without_backing(&fixture.graph, &mid));
        let refused = refused.expect_err("the base is gone from the chain");
        assert_eq!(refused.to_string(), "'base' is not in this backing file chain");
        assert!(base.is_read_only() && mid.backing().is_none());
    }
}
