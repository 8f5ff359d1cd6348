//! The log of the process, and what the server adds to it.

use std::fs::File;
use std::io::{self, Write};

use qapi_core::observe::{AuditLog, SlowCalls, TrafficLog};
use qapi_core::{Error, Server};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use super::log_queue::{LogGuard, LogQueue};
use crate::options::{LogOptions, OptionError};

/// Where the log goes.
pub(super) type Output = Box<dyn Write + Send>;

/// Opens the file of the log; standard error if the options name none.
///
/// # Errors
/// The file cannot be opened.
pub(super) fn open(options: &LogOptions) -> Result<Output, OptionError> {
    let Some(path) = &options.file else { return Ok(Box::new(io::stderr())) };
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(|error| OptionError::Failed {
        name: "log-file",
        argument: path.display().to_string(),
        error: error.into(),
    })?;
    Ok(Box::new(file))
}

/// Installs the log of the process, which may have one already. Lines are written while the guard
/// exists.
///
/// # Errors
/// The filter is malformed.
pub(super) fn install(options: &LogOptions, output: Output) -> Result<LogGuard, OptionError> {
    let (queue, guard) = LogQueue::new(output);
    // A failure to write a line would be reported with `eprintln!`, which panics if standard error
    // is closed.
    let lines = tracing_subscriber::fmt::layer().log_internal_errors(false);
    let lines = lines.with_ansi(false).with_writer(queue);
    let lines = if options.is_set() {
        lines.boxed()
    } else {
        // Warnings alone are messages to the user, like those of the command line.
        lines.with_target(false).without_time().boxed()
    };
    let log = tracing_subscriber::registry().with(lines.with_filter(filter(options)?));
    // The tests of other programs install their own.
    let _ = tracing::subscriber::set_global_default(log);
    Ok(guard)
}

/// The lines that the log has. A log that an option switches on is not filtered out.
fn filter(options: &LogOptions) -> Result<Targets, OptionError> {
    let filter = match &options.filter {
        None => Targets::new().with_default(LevelFilter::WARN),
        Some(text) => text.parse().map_err(|error| OptionError::Failed {
            name: "log",
            argument: text.clone(),
            error: Error::generic(format!("Expected LEVEL or TARGET=LEVEL: {error}")),
        })?,
    };
    let switched_on = [
        (options.audit, "qapi_core::audit"),
        (options.traffic, "qapi_core::traffic"),
        (options.calls, "qapi_core::call"),
    ];
    let missing = |filter: &Targets, target| !filter.would_enable(target, &Level::INFO);
    Ok(switched_on.into_iter().fold(filter, |filter, (is_on, target)| {
        if is_on && missing(&filter, target) {
            filter.with_target(target, LevelFilter::INFO)
        } else {
            filter
        }
    }))
}

/// Adds to `server` what the options switch on.
///
/// # Errors
/// A pattern is malformed.
pub(super) fn observe(mut server: Server, options: &LogOptions) -> Result<Server, OptionError> {
    let (mut audit, mut traffic) = (AuditLog::new(), TrafficLog::new());
    for pattern in &options.except {
        let failed =
            |error| OptionError::Failed { name: "log-except", argument: pattern.clone(), error };
        audit = audit.except(pattern).map_err(failed)?;
        traffic = traffic.except(pattern).map_err(failed)?;
    }
    if options.audit {
        server = server.call_hook(audit);
    }
    if options.traffic {
        server = server.log_traffic(traffic);
    }
    if options.calls {
        server = server.trace_calls();
    }
    match options.slow_calls {
        Some(limit) => Ok(server.call_hook(SlowCalls::longer_than(limit))),
        None => Ok(server),
    }
}
