//! Secrets: the object `secret`.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use qapi_core::Result;
use serde_json::{Value, json};

use super::messages;
use super::properties::{ObjectProperties, Properties};
use crate::base64_text;
use crate::schema::object::{QCryptoSecretFormat, SecretProperties};

/// The largest secret in bytes: a thousand times what is usual.
const FILE_MAX: u64 = 1 << 16;

/// A secret. No option uses one yet: images are not encrypted, and keys of TLS have no password.
pub(super) struct Secret(Properties<SecretProperties>);

impl Secret {
    /// Reads and checks a secret. Blocks if it is in a file.
    ///
    /// # Errors
    /// Both `data` and `file` are given, or neither; the file cannot be read; the text is not in
    /// the format; or the secret is encrypted by another one, which is not supported.
    pub(super) fn new(properties: SecretProperties) -> Result<Self> {
        let SecretProperties { format, keyid, iv: _, data, file } = &properties;
        let bytes = match (data, file) {
            (Some(_), Some(_)) => return Err(messages::file_and_data()),
            (None, None) => return Err(messages::neither_file_nor_data()),
            (Some(data), None) => data.clone().into_bytes(),
            (None, Some(file)) => read(Path::new(file))?,
        };
        if bytes.len() as u64 > FILE_MAX {
            return Err(messages::secret_too_large(FILE_MAX));
        }
        if keyid.is_some() {
            return Err(messages::property_not_supported("keyid"));
        }
        if *format == Some(QCryptoSecretFormat::Base64) {
            base64_text::decode(&bytes)?;
        }
        Ok(Secret(Properties::new(properties)))
    }
}

/// Reads a file that is no larger than a secret may be.
fn read(path: &Path) -> Result<Vec<u8>> {
    // Opening a FIFO must not wait for a writer.
    let opened =
        OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    let file = opened.map_err(|error| messages::cannot_open_secret(path, error))?;
    let mut bytes = Vec::new();
    let read = file.take(FILE_MAX + 1).read_to_end(&mut bytes);
    let read = match read {
        Ok(length) if length as u64 > FILE_MAX => {
            Err(std::io::Error::from_raw_os_error(libc::EFBIG))
        }
        read => read,
    };
    read.map_err(|error| messages::cannot_read_secret(path, error))?;
    Ok(bytes)
}

impl ObjectProperties for Secret {
    fn type_name(&self) -> &'static str {
        "secret"
    }

    fn property(&self, name: &str) -> Option<Value> {
        let default = || match name {
            "format" => json!(QCryptoSecretFormat::default()),
            _text => json!(""),
        };
        Some(self.0.get(name).unwrap_or_else(default))
    }

    /// As in QEMU, the secret itself does not change.
    fn set_property(&self, name: &str, value: Value) -> Result<()> {
        self.0.set(name, value, |_| Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_data_or_a_file_in_its_format() {
        let folder = tempfile::tempdir().expect("a folder can be created");
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("good"), "aGVsbG8=\n").expect("the file can be written");
        std::fs::write(path("large"), [b'a'; 1 + FILE_MAX as usize]).expect("as above");
        let base64 = Some(QCryptoSecretFormat::Base64);
        let unreadable = |name: &str, what: &str, why: &str| {
            format!("Unable to read {0}: {what} “{0}”: {why}", path(name))
        };
        let absent = unreadable("absent", "Failed to open file", "No such file or directory");
        let large = unreadable("large", "Error reading file", "File too large");
        let table = [
            (None, Some("hello"), None, None, None),
            (base64, Some("aGVsbG8="), None, None, None),
            // As in QEMU, the last group may be incomplete.
            (base64, Some("aGVsbG8"), None, None, None),
            (base64, Some("!"), None, None, Some("Base64 data contains invalid characters")),
            (base64, None, Some(path("good")), None, None),
            (None, None, Some(path("absent")), None, Some(&*absent)),
            (None, None, Some(path("large")), None, Some(&*large)),
            (None, None, None, None, Some("Either 'file' or 'data' must be provided")),
            (
                None,
                Some("x"),
                Some(path("good")),
                None,
                Some("'file' and 'data' are mutually exclusive"),
            ),
            (None, Some("x"), None, Some("k"), Some("Property 'keyid' is not supported")),
        ];
        for (index, (format, data, file, keyid, expected)) in table.into_iter().enumerate() {
            let properties = SecretProperties {
                format,
                keyid: keyid.map(str::to_owned),
                iv: None,
                data: data.map(str::to_owned),
                file,
            };
            let error = Secret::new(properties).err();
            assert_eq!(error.as_ref().map(|error| error.desc()), expected, "{index}");
        }
    }
}
