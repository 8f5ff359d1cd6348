//! Notifies the service manager when the server is ready and when it stops.

/// A function that notifies the service manager.
pub(super) type NotifyServiceManager = fn(ServiceState);

/// The states of a server that are reported to the service manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServiceState {
    Ready,
    Stopping,
}

/// Notifies systemd, or a manager with the same protocol (`sd_notify(3)`). Does nothing where
/// there is none.
#[cfg(feature = "systemd")]
pub(super) fn notify_systemd(state: ServiceState) {
    use sd_notify::NotifyState;
    let state = match state {
        ServiceState::Ready => NotifyState::Ready,
        ServiceState::Stopping => NotifyState::Stopping,
    };
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager could not be notified");
    }
}
