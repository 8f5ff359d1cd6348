//! Notifies the service manager when the server is ready and when it stops.

/// Whether the service manager is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// The default.
    Silent,
    /// With the protocol of systemd's `sd_notify(3)`.
    #[cfg(feature = "systemd")]
    Systemd,
}

/// A state of the server of which the service manager is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServiceState {
    Ready,
    Stopping,
}

impl Readiness {
    /// Notifies the service manager. Does nothing where there is none.
    pub(super) fn notify(self, state: ServiceState) {
        match self {
            Self::Silent => {}
            #[cfg(feature = "systemd")]
            Self::Systemd => systemd::notify(state),
        }
    }
}

#[cfg(feature = "systemd")]
mod systemd {
    use sd_notify::NotifyState;

    use super::ServiceState;

    pub(super) fn notify(state: ServiceState) {
        let state = match state {
            ServiceState::Ready => NotifyState::Ready,
            ServiceState::Stopping => NotifyState::Stopping,
        };
        if let Err(error) = sd_notify::notify(&[state]) {
            tracing::warn!(%error, "the service manager could not be told");
        }
    }
}
