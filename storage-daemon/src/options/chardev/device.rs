//! `--chardev` of the kinds that need no clients: files, pipes, ring buffers and others.

use qapi_core::Result;

use super::parameters::Parameters;
use crate::options::messages;
use crate::schema::chardev::ChardevBackend;
use crate::schema::chardev_options::{
    ChardevCommon, ChardevFile, ChardevHostdev, ChardevPty, ChardevRingbuf, ChardevStdio,
};
use crate::schema::chardev_wrappers::{
    ChardevCommonWrapper, ChardevFileWrapper, ChardevHostdevWrapper, ChardevPtyWrapper,
    ChardevRingbufWrapper, ChardevStdioWrapper,
};

/// The device that the parameters describe.
///
/// # Errors
/// The kind is not supported, or a parameter is missing.
pub(super) fn device(kind: &str, parameters: &Parameters) -> Result<ChardevBackend> {
    let Parameters { path, input_path, append, size, signal, logfile, logappend, .. } =
        parameters;
    let common = ChardevCommon { logfile: logfile.clone(), logappend: *logappend };
    let path = path.clone();
    Ok(match kind {
        "file" => {
            let out = path.ok_or_else(|| messages::without_path(kind, "filename"))?;
            let data = ChardevFile { common, input: input_path.clone(), out, append: *append };
            ChardevBackend::File(ChardevFileWrapper { data })
        }
        "memory" | "ringbuf" => {
            // A larger number is no power of two that is permitted either.
            let size = size.map(|size| i64::try_from(size).unwrap_or(i64::MAX));
            let data = ChardevRingbufWrapper { data: ChardevRingbuf { common, size } };
            if kind == "memory" {
                ChardevBackend::Memory(data)
            } else {
                ChardevBackend::Ringbuf(data)
            }
        }
        "null" => ChardevBackend::Null(ChardevCommonWrapper { data: common }),
        "pipe" => {
            let device = path.ok_or_else(|| messages::without_path(kind, "device path"))?;
            let data = ChardevHostdev { common, device };
            ChardevBackend::Pipe(ChardevHostdevWrapper { data })
        }
        "pty" => ChardevBackend::Pty(ChardevPtyWrapper { data: ChardevPty { common, path } }),
        "stdio" => {
            let data = ChardevStdio { common, signal: *signal };
            ChardevBackend::Stdio(ChardevStdioWrapper { data })
        }
        _ => return Err(messages::unknown_backend(kind)),
    })
}
