//! The progress of jobs on standard error: bars on a terminal, lines otherwise.

use std::collections::HashMap;
use std::io::{IsTerminal, Write, stderr};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::info::Job;
use crate::printable::printable;

const BAR: &str = "{prefix}  {wide_bar} {percent:>3} %  {eta_precise} left  {msg}";

/// Shows the progress of jobs.
pub(crate) struct Progress {
    form: Form,
}

enum Form {
    Quiet,
    /// A bar for each job, by its id.
    Bars(MultiProgress, HashMap<String, ProgressBar>),
    /// The last line of each job, by its id.
    Lines(HashMap<String, String>),
}

impl Progress {
    /// `quiet`: nothing is shown.
    pub(crate) fn new(quiet: bool) -> Self {
        let form = if quiet {
            Form::Quiet
        } else if stderr().is_terminal() {
            Form::Bars(MultiProgress::new(), HashMap::new())
        } else {
            Form::Lines(HashMap::new())
        };
        Self { form }
    }

    /// Whether the progress is shown as bars.
    pub(crate) fn has_bars(&self) -> bool {
        matches!(self.form, Form::Bars(..))
    }

    /// Shows the present state of a job.
    pub(crate) fn show(&mut self, job: &Job) {
        let (done, total) = job.progress;
        match &mut self.form {
            Form::Quiet => {}
            Form::Bars(all, bars) => {
                let bar = bars.entry(job.id.clone()).or_insert_with(|| new_bar(all, &job.id));
                bar.set_length(total);
                bar.set_position(done);
                bar.set_message(printable(&job.status));
                if job.status == "concluded" {
                    bar.abandon();
                }
            }
            Form::Lines(lines) => {
                let line = format!("{}: {}, {} %", job.id, job.status, tens(done, total));
                if lines.get(&job.id) != Some(&line) {
                    // Unlike `eprintln!`, this does not panic if standard error is closed.
                    let _ = writeln!(stderr(), "{}", printable(&line));
                    lines.insert(job.id.clone(), line);
                }
            }
        }
    }

    /// Leaves the bars as they are, so that other text follows below them.
    pub(crate) fn finish(&mut self) {
        if let Form::Bars(_, bars) = &self.form {
            bars.values().for_each(ProgressBar::abandon);
        }
    }
}

fn new_bar(all: &MultiProgress, id: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(BAR);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    all.add(ProgressBar::new(0).with_style(style).with_prefix(printable(id)))
}

/// The progress in steps of ten per cent, so that a long job writes few lines.
fn tens(done: u64, total: u64) -> u128 {
    match total {
        0 => 0,
        total => u128::from(done) * 10 / u128::from(total) * 10,
    }
}
