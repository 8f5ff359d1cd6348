//! Waiting for a change of shared state, under any event loop.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Tasks that wait for a change. A change wakes all of them, in the order in which they began to
/// wait.
#[derive(Debug, Default)]
pub(crate) struct WaitQueue(Mutex<Waiters>);

#[derive(Debug, Default)]
struct Waiters {
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

impl WaitQueue {
    /// Wakes all waiting tasks, which then check their conditions. Call this after every change.
    pub(crate) fn wake_all(&self) {
        // The lock is released first, as a waker may poll the task at once.
        let wakers = std::mem::take(&mut self.lock().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    /// Waits until `condition` returns true.
    pub(crate) fn wait_until<C: Fn() -> bool + Unpin>(&self, condition: C) -> WaitUntil<'_, C> {
        WaitUntil { queue: self, condition, id: None }
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The future of [`WaitQueue::wait_until`].
pub(crate) struct WaitUntil<'q, C> {
    queue: &'q WaitQueue,
    condition: C,
    /// The position in the queue; `None` before the first registration.
    id: Option<u64>,
}

impl<C: Fn() -> bool + Unpin> Future for WaitUntil<'_, C> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if (self.condition)() {
            return Poll::Ready(());
        }
        self.register(context.waker());
        // A change between the first check and the registration did not wake this task.
        if (self.condition)() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<C> WaitUntil<'_, C> {
    fn register(&mut self, waker: &Waker) {
        let waker = waker.clone();
        let mut waiters = self.queue.lock();
        let id = *self.id.get_or_insert_with(|| {
            waiters.next += 1;
            waiters.next
        });
        let replaced = waiters.wakers.insert(id, waker);
        // Dropping a waker may drop its task, and with the task another future that locks the
        // queue.
        drop(waiters);
        drop(replaced);
    }
}

impl<C> Drop for WaitUntil<'_, C> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let _dropped_after_the_lock = self.queue.lock().wakers.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_task_is_woken_and_finds_its_condition_true() {
        let (queue, changed) = (WaitQueue::default(), AtomicBool::new(false));
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut wait = pin!(queue.wait_until(|| changed.load(Ordering::Relaxed)));
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Pending);
        queue.wake_all();
        assert_eq!(count.0.load(Ordering::Relaxed), 1, "polled twice, woken once");
        assert_eq!(
            wait.as_mut().poll(&mut context),
            Poll::Pending,
            "the condition is still false"
        );
        changed.store(true, Ordering::Relaxed);
        queue.wake_all();
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Ready(()));
    }

    #[test]
    fn a_change_during_registration_is_seen() {
        let (queue, checks) = (WaitQueue::default(), AtomicUsize::new(0));
        let mut wait = pin!(queue.wait_until(|| checks.fetch_add(1, Ordering::Relaxed) == 1));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Ready(()));
    }

    #[test]
    fn a_dropped_future_leaves_the_queue() {
        let queue = WaitQueue::default();
        let mut context = Context::from_waker(Waker::noop());
        {
            let mut wait = pin!(queue.wait_until(|| false));
            assert_eq!(wait.as_mut().poll(&mut context), Poll::Pending);
            assert_eq!(queue.lock().wakers.len(), 1);
        }
        assert_eq!(queue.lock().wakers.len(), 0);
    }
}
