//! Threads for requests: the object `iothread`. The object exists for the options that name it.
//! Requests run on the threads of the program.

use qapi_core::Result;
use serde_json::Value;

use super::messages;
use super::properties::{ObjectProperties, Properties};
use crate::schema::object::IothreadProperties;

/// The default of `thread-pool-max`.
const THREAD_POOL_MAX: i64 = 64;

/// The default of `poll-max-ns`.
const POLL_MAX_NS: i64 = 32768;

/// A thread for requests.
pub(super) struct Iothread(Properties<IothreadProperties>);

impl Iothread {
    /// # Errors
    /// A property is out of range.
    pub(super) fn new(properties: IothreadProperties) -> Result<Self> {
        check(&properties)?;
        Ok(Iothread(Properties::new(properties)))
    }
}

impl ObjectProperties for Iothread {
    fn type_name(&self) -> &'static str {
        "iothread"
    }

    fn property(&self, name: &str) -> Option<Value> {
        let default = || match name {
            "thread-pool-max" => THREAD_POOL_MAX,
            "poll-max-ns" => POLL_MAX_NS,
            _zero => 0,
        };
        Some(self.0.get(name).unwrap_or_else(|| default().into()))
    }

    fn set_property(&self, name: &str, value: Value) -> Result<()> {
        self.0.set(name, value, check)
    }
}

fn check(properties: &IothreadProperties) -> Result<()> {
    let IothreadProperties {
        aio_max_batch,
        thread_pool_min,
        thread_pool_max,
        poll_max_ns,
        poll_grow,
        poll_shrink,
    } = properties;
    for (name, value) in [
        ("aio-max-batch", aio_max_batch),
        ("thread-pool-min", thread_pool_min),
        ("thread-pool-max", thread_pool_max),
        ("poll-max-ns", poll_max_ns),
        ("poll-grow", poll_grow),
        ("poll-shrink", poll_shrink),
    ] {
        if value.is_some_and(|value| value < 0) {
            return Err(messages::negative_property(name));
        }
    }
    let (least, most) =
        (thread_pool_min.unwrap_or(0), thread_pool_max.unwrap_or(THREAD_POOL_MAX));
    if most == 0 || least > most || most > i64::from(i32::MAX) {
        return Err(messages::thread_pool_range());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn iothread() -> Iothread {
        let properties = IothreadProperties {
            aio_max_batch: None,
            thread_pool_min: Some(3),
            thread_pool_max: None,
            poll_max_ns: Some(7),
            poll_grow: None,
            poll_shrink: None,
        };
        Iothread::new(properties).expect("the properties are in range")
    }

    #[test]
    fn absent_properties_have_defaults() {
        let table = [
            ("aio-max-batch", 0),
            ("thread-pool-min", 3),
            ("thread-pool-max", THREAD_POOL_MAX),
            ("poll-max-ns", 7),
            ("poll-grow", 0),
        ];
        for (name, expected) in table {
            assert_eq!(iothread().property(name), Some(json!(expected)), "{name}");
        }
    }

    #[test]
    fn values_are_checked_before_a_property_changes() {
        let range = "value must be in range [0, 9223372036854775807]";
        let pool = "bad thread-pool-min/thread-pool-max values";
        let type_ = "Invalid parameter type for 'poll-grow', expected: integer";
        let table = [
            ("poll-grow", json!(2), None),
            ("poll-grow", json!(-2), Some(format!("poll-grow {range}"))),
            ("poll-grow", json!("2"), Some(type_.to_owned())),
            ("poll-grow", json!(null), Some(type_.to_owned())),
            ("thread-pool-max", json!(3), None),
            ("thread-pool-max", json!(2), Some(pool.to_owned())),
            ("thread-pool-max", json!(0), Some(pool.to_owned())),
            ("thread-pool-max", json!(1_u64 << 31), Some(pool.to_owned())),
            ("thread-pool-min", json!(65), Some(pool.to_owned())),
            ("aio-max-batch", json!(-1), Some(format!("aio-max-batch {range}"))),
        ];
        for (name, value, expected) in table {
            let iothread = iothread();
            let before = iothread.property(name);
            let error = iothread.set_property(name, value.clone()).err();
            let text = error.map(|error| error.desc().to_owned());
            assert_eq!(text, expected, "{name} {value}");
            let after = if expected.is_some() { before } else { Some(value) };
            assert_eq!(iothread.property(name), after, "{name}");
        }
    }
}
