//! Requests to nodes from an async runtime.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};

use block::image::aligned_buffer::AlignedBuffer;
use block::image::permissions::{Access, Permissions};
use block::nodes::AsyncNode;
use block::testing::Gate;

use crate::support::*;

/// Waits on a thread for blocking work until requests are at the gate.
async fn wait_for(gate: &Arc<Gate>, requests: usize) {
    let gate = Arc::clone(gate);
    tokio::task::spawn_blocking(move || gate.wait_for(requests)).await.expect("they arrive");
}

#[tokio::test]
async fn requests_change_and_show_the_image() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
    let access = Access { takes: Permissions::WRITE, shares: Permissions::all() };
    let root = fixture.graph.attach_root("a guest", node.clone(), access).expect("it may write");
    for handle in [AsyncNode::from(node), AsyncNode::from(root)] {
        let data = AlignedBuffer::try_from(&noise(1, 64 * K)[..]).expect("memory");
        let data = handle.write(64 * K, data).await.expect("it can be written");
        assert_same(&data, &noise(1, 64 * K));
        let data = handle.read(64 * K + 512, vec![0; 512]).await.expect("it can be read");
        assert_same(&data, &noise(1, 64 * K)[512..1024]);
        let extent = handle.block_status(64 * K, M).await.expect("it is known");
        assert!(!extent.zero);
        handle.discard_range(0, 512).await.expect("it can be discarded");
        handle.write_zeroes(64 * K, 64 * K).await.expect("it can be zeroed");
        assert!(handle.block_status(64 * K, M).await.expect("it is known").zero);
        handle.flush().await.expect("it can be flushed");
        let error = handle.read(M, [0; 1]).await.expect_err("it is beyond the end");
        assert_eq!(error.to_string(), "Input/output error");
    }
}

#[tokio::test]
async fn requests_in_flight_are_limited() {
    let fixture = Fixture::new();
    let gate = Gate::shut(M);
    let node = AsyncNode::from(gate.add_to(&fixture.graph, "n")).requests_max(2);
    let reads: Vec<_> = (0..5)
        .map(|number| {
            let node = node.clone();
            tokio::spawn(async move { node.read(number * 512, [1; 512]).await })
        })
        .collect();
    wait_for(&gate, 2).await;
    // The others have no slot, so at most two wait at any time.
    assert_eq!((gate.waiting(), gate.passed()), (2, 0));
    gate.open();
    for read in reads {
        assert_eq!(read.await.expect("no panic").expect("it can be read"), [0; 512]);
    }
    assert_eq!(gate.passed(), 5);
}

#[tokio::test]
async fn a_request_whose_future_is_dropped_runs_to_its_end() {
    /// A buffer that is alive as long as its counter has two owners.
    struct Counted {
        _counter: Arc<()>,
    }

    impl AsRef<[u8]> for Counted {
        fn as_ref(&self) -> &[u8] {
            &[1; 512]
        }
    }

    let fixture = Fixture::new();
    let gate = Gate::shut(M);
    let node = AsyncNode::from(gate.add_to(&fixture.graph, "n")).requests_max(1);
    let (in_flight, queued) = (Arc::new(()), Arc::new(()));
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut first = Box::pin(node.write(0, Counted { _counter: in_flight.clone() }));
        assert!(first.as_mut().poll(&mut context).is_pending());
        wait_for(&gate, 1).await;
        let mut second = Box::pin(node.write(0, Counted { _counter: queued.clone() }));
        assert!(second.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!((Arc::strong_count(&in_flight), Arc::strong_count(&queued)), (2, 1));
    gate.open();
    // The request after it gets the only slot once the first request has ended.
    node.flush().await.expect("it can be flushed");
    assert_eq!((gate.passed(), Arc::strong_count(&in_flight)), (2, 1));
}
