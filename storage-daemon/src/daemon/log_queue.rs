//! The queue between the daemon and its log. A thread writes the lines, so that a reader of the log
//! that stops does not stop the daemon.

use std::io::Write;

use parking_lot::Mutex;
use tracing_appender::non_blocking::{
    ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard,
};
use tracing_subscriber::fmt::MakeWriter;

/// The most lines in the queue. A burst of some seconds fits. A line has at most some 5 KiB, as the
/// log of messages cuts them, so that the queue has at most some 5 MiB.
const LINES_MAX: usize = 1000;

/// Writes the lines of the queue as long as it exists. Its end waits a second at most for the rest.
pub(super) type LogGuard = WorkerGuard;

/// A queue of lines. A line that finds the queue full is lost; the next line that fits is preceded
/// by one with the number of lost lines.
pub(super) struct LogQueue {
    lines: NonBlocking,
    lost: ErrorCounter,
    reported: Mutex<usize>,
}

impl LogQueue {
    /// A queue whose lines are written to `output`.
    pub(super) fn new(output: impl Write + Send + 'static) -> (Self, LogGuard) {
        let builder = NonBlockingBuilder::default().lossy(true).thread_name("log");
        let (lines, guard) = builder.buffered_lines_limit(LINES_MAX).finish(output);
        let lost = lines.error_counter();
        (Self { lines, lost, reported: Mutex::new(0) }, guard)
    }

    fn report_lost(&self, lines: &mut NonBlocking) {
        let lost = self.lost.dropped_lines();
        let mut reported = self.reported.lock();
        if lost == *reported {
            return;
        }
        let report = format!("WARN {} lines of the log were lost\n", lost - *reported);
        // A write to the queue cannot fail.
        let _ = lines.write_all(report.as_bytes());
        let is_lost = self.lost.dropped_lines() > lost;
        // The report itself does not count as a lost line.
        *reported = if is_lost { *reported + 1 } else { lost };
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = NonBlocking;

    fn make_writer(&'a self) -> NonBlocking {
        let mut lines = self.lines.clone();
        self.report_lost(&mut lines);
        lines
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// An output that announces each write, and then waits for a permission.
    struct Stopped {
        begun: Sender<()>,
        permitted: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stopped {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.begun.send(());
            // Without a sender, all writes are permitted.
            let _ = self.permitted.recv();
            self.written.lock().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_queue_loses_lines_and_reports_their_number() {
        let ((begun, begins), (permit, permitted)) = (channel(), channel());
        let written = Arc::new(Mutex::new(Vec::new()));
        let (queue, guard) =
            LogQueue::new(Stopped { begun, permitted, written: Arc::clone(&written) });
        let log = |line: &str| queue.make_writer().write_all(line.as_bytes()).expect("queued");
        log("first\n");
        begins.recv().expect("the thread writes");
        for _ in 0..LINES_MAX + 7 {
            log("line\n");
        }
        // One line leaves the queue, and the report takes its place.
        permit.send(()).expect("the thread waits");
        begins.recv().expect("the thread writes");
        log("lost\n");
        drop(permit);
        for _ in 0..LINES_MAX {
            begins.recv().expect("the thread writes");
        }
        drop(guard);
        let text = String::from_utf8(written.lock().clone()).expect("text");
        assert!(text.starts_with("first\nline\n"), "{text}");
        assert_eq!(text.lines().filter(|line| *line == "line").count(), LINES_MAX);
        assert!(text.ends_with("line\nWARN 7 lines of the log were lost\n"), "{text}");
    }
}
