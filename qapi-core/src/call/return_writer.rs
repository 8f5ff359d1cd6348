//! How what a command's function returns becomes the member `return` of its reply.

use serde::Serialize;

use crate::client::Returned;
use crate::descriptor::Type;
use crate::error::{Error, Result};
use crate::types::QapiType;
use crate::wire::{Style, write_to};

/// Takes the value that a command returns, as JSON text.
#[derive(Debug)]
pub struct ReturnWriter<'a> {
    out: &'a mut Vec<u8>,
    style: &'a Style,
}

impl<'a> ReturnWriter<'a> {
    /// Appends to `out`, laid out as `style` says.
    pub fn new(out: &'a mut Vec<u8>, style: &'a Style) -> Self {
        Self { out, style }
    }

    /// How the value must be laid out.
    pub fn style(&self) -> Style {
        *self.style
    }

    /// Writes the value. To be called once.
    ///
    /// # Errors
    /// The value refuses to be serialised, as a map whose keys are no strings does.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        write_to(self.out, value, *self.style)
            .map_err(|error| Error::generic(format!("The reply cannot be written: {error}")))
    }

    /// Writes text that is a JSON value already.
    pub fn write_rendered(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    /// Writes the empty object, which stands for "nothing".
    fn write_nothing(&mut self) -> Result<()> {
        if self.style.pretty {
            return self.write(&serde_json::Map::new());
        }
        self.write_rendered(b"{}");
        Ok(())
    }
}

/// What a command's function may return: nothing, a QAPI type, or a `Result` of either.
#[diagnostic::on_unimplemented(
    message = "a QAPI command cannot return `{Self}`",
    label = "not a QAPI type",
    note = "return nothing, a QAPI type, a `Vec` of one, or a `Result` of these whose error \
            converts into `qapi_core::Error`"
)]
pub trait CommandReturn {
    /// What a client gets when the command succeeds.
    type Value: Returned;

    /// The schema's type of the returned value; `None` where nothing is returned.
    fn returns() -> Option<Type>;

    /// Writes the value, or hands on the error.
    ///
    /// # Errors
    /// The command failed, or its value refuses to be serialised.
    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()>;
}

impl CommandReturn for () {
    type Value = ();

    fn returns() -> Option<Type> {
        None
    }

    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()> {
        out.write_nothing()
    }
}

#[diagnostic::do_not_recommend]
impl<T: QapiType> CommandReturn for T {
    type Value = T;

    fn returns() -> Option<Type> {
        Some(T::schema_type())
    }

    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()> {
        out.write(&self)
    }
}

impl<T: CommandReturn, E: Into<Error>> CommandReturn for Result<T, E> {
    type Value = T::Value;

    fn returns() -> Option<Type> {
        T::returns()
    }

    fn write(self, out: &mut ReturnWriter<'_>) -> Result<()> {
        self.map_err(Into::into)?.write(out)
    }
}
