//! The demo's output: lines, and a progress bar if standard output is a terminal.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;

/// Standard output. Clones share the progress bar.
#[derive(Clone)]
pub(super) struct Screen {
    is_terminal: bool,
    /// The progress bar. Lines are printed above it.
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Screen {
    /// Standard output.
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), bar: Arc::default() }
    }

    /// Shows the title of the next step.
    pub(super) fn title(&self, text: &str) -> io::Result<()> {
        self.say(&format!("\n{text}"))
    }

    /// Shows a line.
    pub(super) fn say(&self, text: &str) -> io::Result<()> {
        let write = || writeln!(io::stdout(), "{text}");
        match &*self.bar.lock() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Starts to show the progress of a job on `total` bytes.
    pub(super) fn progress(&self, total: u64) -> Progress<'_> {
        if self.is_terminal {
            let target = ProgressDrawTarget::stdout();
            let bar = ProgressBar::with_draw_target(Some(total), target);
            bar.set_style(style());
            *self.bar.lock() = Some(bar);
        }
        Progress { screen: self, total, shown: Cell::new(None) }
    }
}

/// The style of the progress bar.
fn style() -> ProgressStyle {
    let template = "{bar:50} {bytes:>10} of {total_bytes} {bytes_per_sec}";
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_malformed| ProgressStyle::default_bar())
}

/// The progress of a job, on the screen. Dropping this value removes the progress bar.
pub(super) struct Progress<'a> {
    screen: &'a Screen,
    total: u64,
    /// The last percentage that was shown as a line.
    shown: Cell<Option<u64>>,
}

impl Progress<'_> {
    /// Shows that the job has completed `done` bytes.
    pub(super) fn set(&self, done: u64) -> io::Result<()> {
        if let Some(bar) = &*self.screen.bar.lock() {
            bar.set_position(done);
            return Ok(());
        }
        let percent = done.saturating_mul(100) / self.total.max(1);
        if self.shown.replace(Some(percent)) == Some(percent) {
            return Ok(());
        }
        self.screen.say(&format!("   {percent} % of {} MiB", self.total >> 20))
    }

    /// Shows that the job has completed all bytes.
    pub(super) fn finish(self) -> io::Result<()> {
        self.set(self.total)?;
        if let Some(bar) = self.screen.bar.lock().take() {
            bar.finish();
        }
        Ok(())
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.screen.bar.lock().take() {
            bar.finish_and_clear();
        }
    }
}
