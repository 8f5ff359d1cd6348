//! `--monitor`: QMP for the clients of a character device.

use qapi_core::{Result, qapi_enum, qapi_struct};

use super::{messages, typed};

/// What kind of monitor.
#[qapi_enum(since = "5.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonitorMode {
    /// For people, line by line. This program has none.
    Readline,
    /// For programs: QMP.
    Control,
}

/// Which clients are served, and how.
#[qapi_struct(since = "5.0")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorOptions {
    /// The monitor's name. Nothing refers to it.
    pub id: Option<String>,
    /// What kind of monitor; QMP unless said otherwise.
    pub mode: Option<MonitorMode>,
    /// Whether messages are laid out for people, on several lines.
    pub pretty: Option<bool>,
    /// The character device where the clients come from.
    pub chardev: String,
}

impl MonitorOptions {
    /// Reads the argument of `--monitor`: `[chardev=]ID,…` or JSON.
    ///
    /// # Errors
    /// A member is missing, unexpected or of the wrong type; or the mode is not QMP.
    pub fn parse(text: &str) -> Result<Self> {
        let options: Self = typed(text, "chardev")?;
        match options.mode {
            Some(MonitorMode::Readline) => Err(messages::only_qmp()),
            Some(MonitorMode::Control) | None => Ok(options),
        }
    }
}
