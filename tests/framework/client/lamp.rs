//! The daemon of these tests: a lamp.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use qapi_core::StateMap;
use qapi_core::{Error, ErrorClass, Events, Result, Service};
use qapi_core::{qapi_command, qapi_enum, qapi_event, qapi_struct};

use crate::support::registry::registry_of;

/// The brightness of the lamp.
#[derive(Default)]
pub(super) struct Brightness(AtomicI64);

#[qapi_enum]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LampMood {
    Dark,
    Bright,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
pub(super) struct LampInfo {
    pub(super) brightness: i64,
    pub(super) mood: LampMood,
    pub(super) owner: Option<String>,
}

/// Emitted when the brightness changes.
#[qapi_event]
#[derive(Debug, PartialEq)]
pub(super) struct LampChanged {
    pub(super) lamp: LampInfo,
    pub(super) was: Option<i64>,
}

/// Emitted when the lamp is broken.
#[qapi_event]
#[derive(Debug, PartialEq)]
pub(super) struct LampBroken;

#[qapi_struct]
#[derive(Debug)]
pub(super) struct LampSetting {
    pub(super) brightness: i64,
}

fn info(brightness: i64) -> LampInfo {
    let mood = if brightness == 0 { LampMood::Dark } else { LampMood::Bright };
    LampInfo { brightness, mood, owner: None }
}

#[qapi_command(client)]
pub(super) fn query_lamp(#[qapi(state)] lamp: &Brightness) -> LampInfo {
    info(lamp.0.load(Ordering::Relaxed))
}

#[qapi_command(boxed, client)]
pub(super) fn set_lamp(
    #[qapi(state)] lamp: &Brightness,
    #[qapi(state)] events: &Events,
    setting: LampSetting,
) -> Result<()> {
    if setting.brightness < 0 {
        return Err(Error::with_class(ErrorClass::DeviceNotActive, "The lamp cannot do that"));
    }
    let was = lamp.0.swap(setting.brightness, Ordering::Relaxed);
    events.emit(&LampChanged { lamp: info(setting.brightness), was: Some(was) });
    Ok(())
}

/// Emits many events.
#[qapi_command(client)]
pub(super) fn flicker(#[qapi(state)] events: &Events, times: i64) {
    for brightness in 0..times {
        events.emit(&LampChanged { lamp: info(brightness), was: None });
    }
    events.emit(&LampBroken);
}

/// Switches the lamp off after an hour.
#[qapi_command]
async fn switch_off_later(#[qapi(state)] lamp: &Brightness) -> LampInfo {
    tokio::time::sleep(Duration::from_secs(3600)).await;
    lamp.0.store(0, Ordering::Relaxed);
    info(0)
}

/// Returns its arguments as text: one of each kind.
#[qapi_command(client, returns_exception)]
pub(super) async fn describe_lamps(
    names: &[String],
    #[qapi(name = "case", since = "1.1")] r#type: LampMood,
    first: &LampSetting,
    owner: Option<&str>,
    others: Option<&[i64]>,
    #[qapi(features(unstable))] count: Option<u8>,
) -> Vec<String> {
    let text = format!("{names:?} {type} {first:?} {owner:?} {others:?} {count:?}");
    vec![text]
}

/// A service with the commands of this module.
pub(super) fn service() -> Arc<Service> {
    let mut states = StateMap::default();
    states.insert(Arc::new(Brightness::default()));
    Arc::new(Service::new(registry_of("main::client"), states).unwrap())
}
