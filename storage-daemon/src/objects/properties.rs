//! The properties of objects.

use parking_lot::RwLock;
use qapi_core::wire::Document;
use qapi_core::{Error, Input, QapiType, Result};
use serde_json::Value;

/// An object whose properties can be read and changed: `qom-get` and `qom-set`.
///
/// The types of objects and the names of their properties are in the table of the module `qom`.
pub trait ObjectProperties: Send + Sync {
    /// The name of the type.
    fn type_name(&self) -> &'static str;

    /// The value of a property other than `type`; `None` if it cannot be read.
    fn property(&self, name: &str) -> Option<Value>;

    /// Changes a property that the type has.
    ///
    /// # Errors
    /// The value is of another type or out of range, or the property cannot be changed.
    fn set_property(&self, name: &str, value: Value) -> Result<()>;
}

/// Properties that have the type `T` in the schema.
#[derive(Debug)]
pub(super) struct Properties<T>(RwLock<T>);

impl<T: QapiType + Clone> Properties<T> {
    pub(super) fn new(properties: T) -> Self {
        Properties(RwLock::new(properties))
    }

    /// All properties.
    pub(super) fn all(&self) -> T {
        self.0.read().clone()
    }

    /// The value of one property; `None` if it is absent.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        serde_json::to_value(&*self.0.read()).ok()?.get_mut(name).map(Value::take)
    }

    /// Changes one property if `check` accepts the result.
    ///
    /// # Errors
    /// The value is of another type, or the error of `check`.
    pub(super) fn set(
        &self,
        name: &str,
        value: Value,
        check: impl FnOnce(&T) -> Result<()>,
    ) -> Result<()> {
        let mut properties = self.0.write();
        let mut changed = serde_json::to_value(&*properties).map_err(malformed)?;
        changed[name] = value;
        let changed = Document::from_json(&changed).map_err(malformed)?;
        let changed = T::visit(Input::new(changed.root()))?;
        check(&changed)?;
        *properties = changed;
        Ok(())
    }
}

fn malformed(error: impl ToString) -> Error {
    Error::generic(error.to_string())
}
