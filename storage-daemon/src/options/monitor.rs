//! `--monitor`: QMP for the clients of a character device.

use qapi_core::{Result, qapi_enum, qapi_struct};

use super::{messages, typed};

/// The kind of a monitor.
#[qapi_enum(since = "5.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonitorMode {
    /// The human monitor. Not supported.
    Readline,
    /// QMP.
    Control,
}

/// A monitor, as the command line describes it.
#[qapi_struct(since = "5.0")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorOptions {
    /// The monitor's ID. No option or command uses this ID.
    pub id: Option<String>,
    /// The kind of monitor; `control` by default.
    pub mode: Option<MonitorMode>,
    /// Whether messages are printed on several lines, with indentation; `false` by default.
    pub pretty: Option<bool>,
    /// The ID of the character device through which clients connect.
    pub chardev: String,
}

impl MonitorOptions {
    /// Parses the argument of `--monitor`: `[chardev=]ID,…` or JSON.
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
