//! The labels of the host.

use std::collections::BTreeMap;

use host_agent_client::{Label, LabelChanged};
use parking_lot::Mutex;
use qapi_core::prelude::*;

/// The labels by name.
#[derive(Default)]
pub(crate) struct Labels(Mutex<BTreeMap<String, String>>);

/// Clients cannot make the agent store more.
const LABELS_MAX: usize = 64;

/// Returns all labels.
#[qapi_command(since = "1.0")]
fn query_labels(#[qapi(state)] labels: &Labels) -> Vec<Label> {
    let labels = labels.0.lock().clone();
    labels.into_iter().map(|(name, value)| Label { name, value }).collect()
}

/// Sets a label.
#[qapi_command(since = "1.0")]
fn label_set(
    #[qapi(state)] labels: &Labels,
    #[qapi(state)] events: &Events,
    /// The name.
    name: &str,
    /// The value.
    value: &str,
) -> Result<(), String> {
    let mut labels = labels.0.lock();
    if labels.len() == LABELS_MAX && !labels.contains_key(name) {
        return Err(format!("The host has {LABELS_MAX} labels already"));
    }
    labels.insert(name.to_owned(), value.to_owned());
    events.emit(&LabelChanged { name: name.to_owned(), value: Some(value.to_owned()) });
    Ok(())
}

/// Removes a label.
#[qapi_command(since = "1.0")]
fn label_remove(
    #[qapi(state)] labels: &Labels,
    #[qapi(state)] events: &Events,
    /// The name.
    name: &str,
) -> Result<(), String> {
    labels.0.lock().remove(name).ok_or_else(|| format!("Label '{name}' not found"))?;
    events.emit(&LabelChanged { name: name.to_owned(), value: None });
    Ok(())
}
