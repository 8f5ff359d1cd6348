//! `--metrics`: serves metrics for Prometheus over HTTP.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

use job::{JobMetrics, Jobs};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
use qapi_core::observe::Metrics;
use qapi_core::{Error, Result};

/// The upper bounds of the histograms, in seconds: from a query to a command that opens images.
const BUCKETS: [f64; 8] = [0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0];

/// The metrics that the server records.
pub(super) fn recorded(jobs: &Jobs) -> Metrics {
    let jobs = JobMetrics::new(jobs.clone());
    Metrics::new().sample(move || jobs.record())
}

/// Installs the recorder of the process, and serves its metrics at `address`, which is
/// `[HOST:]PORT`, as a task of the runtime. The host is 127.0.0.1 by default.
///
/// # Errors
/// The address is malformed or in use, or the process has a recorder.
pub(super) fn serve(address: &str) -> Result<()> {
    let address = resolve(address)?;
    let (recorder, exporter) = PrometheusBuilder::new()
        .with_http_listener(address)
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .and_then(PrometheusBuilder::build)
        .map_err(|error| listen_failed(address, error))?;
    metrics::set_global_recorder(recorder)
        .map_err(|_| Error::generic("The process already records metrics"))?;
    tokio::spawn(async move {
        if exporter.await.is_err() {
            tracing::error!("metrics are no longer served");
        }
    });
    Ok(())
}

fn resolve(address: &str) -> Result<SocketAddr> {
    if let Ok(port) = address.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let mut found = address
        .to_socket_addrs()
        .map_err(|error| Error::from(error).context("Expected [HOST:]PORT with a known host"))?;
    found.next().ok_or_else(|| Error::generic("The host has no address"))
}

fn listen_failed(address: SocketAddr, error: BuildError) -> Error {
    match error {
        BuildError::FailedToCreateHTTPListener(text) => {
            Error::generic(format!("Failed to listen on {address}: {text}"))
        }
        other => Error::generic(other.to_string()),
    }
}
