//! The types of throttle groups, from QEMU's `block-core.json`.

use qapi_core::qapi_struct;

/// Limits on the rates of requests. An absent member leaves the limit as it is; at first, there are
/// no limits.
#[qapi_struct]
#[derive(Debug, Clone, Default)]
pub struct ThrottleLimits {
    /// The rate of all requests, in requests a second; 0 for no limit.
    pub iops_total: Option<i64>,
    /// The rate of bursts of all requests, in requests a second.
    pub iops_total_max: Option<i64>,
    /// The longest burst of all requests, in seconds.
    pub iops_total_max_length: Option<i64>,
    /// The rate of reads, in requests a second; 0 for no limit.
    pub iops_read: Option<i64>,
    /// The rate of bursts of reads, in requests a second.
    pub iops_read_max: Option<i64>,
    /// The longest burst of reads, in seconds.
    pub iops_read_max_length: Option<i64>,
    /// The rate of writes, in requests a second; 0 for no limit.
    pub iops_write: Option<i64>,
    /// The rate of bursts of writes, in requests a second.
    pub iops_write_max: Option<i64>,
    /// The longest burst of writes, in seconds.
    pub iops_write_max_length: Option<i64>,
    /// The rate of all requests, in bytes a second; 0 for no limit.
    pub bps_total: Option<i64>,
    /// The rate of bursts of all requests, in bytes a second.
    pub bps_total_max: Option<i64>,
    /// The longest burst of all requests, in seconds.
    pub bps_total_max_length: Option<i64>,
    /// The rate of reads, in bytes a second; 0 for no limit.
    pub bps_read: Option<i64>,
    /// The rate of bursts of reads, in bytes a second.
    pub bps_read_max: Option<i64>,
    /// The longest burst of reads, in seconds.
    pub bps_read_max_length: Option<i64>,
    /// The rate of writes, in bytes a second; 0 for no limit.
    pub bps_write: Option<i64>,
    /// The rate of bursts of writes, in bytes a second.
    pub bps_write_max: Option<i64>,
    /// The longest burst of writes, in seconds.
    pub bps_write_max_length: Option<i64>,
    /// The bytes of a request that count as one request.
    pub iops_size: Option<i64>,
}

/// The properties of a throttle group. Each of those that begin with `x-` is a limit, which the
/// property `limits` overrides.
#[qapi_struct]
#[derive(Debug, Clone)]
pub struct ThrottleGroupProperties {
    /// The limits.
    pub limits: Option<ThrottleLimits>,
    /// The rate of all requests, in requests a second; 0 for no limit.
    #[qapi(features(unstable))]
    pub x_iops_total: Option<i64>,
    /// The rate of bursts of all requests, in requests a second.
    #[qapi(features(unstable))]
    pub x_iops_total_max: Option<i64>,
    /// The longest burst of all requests, in seconds.
    #[qapi(features(unstable))]
    pub x_iops_total_max_length: Option<i64>,
    /// The rate of reads, in requests a second; 0 for no limit.
    #[qapi(features(unstable))]
    pub x_iops_read: Option<i64>,
    /// The rate of bursts of reads, in requests a second.
    #[qapi(features(unstable))]
    pub x_iops_read_max: Option<i64>,
    /// The longest burst of reads, in seconds.
    #[qapi(features(unstable))]
    pub x_iops_read_max_length: Option<i64>,
    /// The rate of writes, in requests a second; 0 for no limit.
    #[qapi(features(unstable))]
    pub x_iops_write: Option<i64>,
    /// The rate of bursts of writes, in requests a second.
    #[qapi(features(unstable))]
    pub x_iops_write_max: Option<i64>,
    /// The longest burst of writes, in seconds.
    #[qapi(features(unstable))]
    pub x_iops_write_max_length: Option<i64>,
    /// The rate of all requests, in bytes a second; 0 for no limit.
    #[qapi(features(unstable))]
    pub x_bps_total: Option<i64>,
    /// The rate of bursts of all requests, in bytes a second.
    #[qapi(features(unstable))]
    pub x_bps_total_max: Option<i64>,
    /// The longest burst of all requests, in seconds.
    #[qapi(features(unstable))]
    pub x_bps_total_max_length: Option<i64>,
    /// The rate of reads, in bytes a second; 0 for no limit.
    #[qapi(features(unstable))]
    pub x_bps_read: Option<i64>,
    /// The rate of bursts of reads, in bytes a second.
    #[qapi(features(unstable))]
    pub x_bps_read_max: Option<i64>,
    /// The longest burst of reads, in seconds.
    #[qapi(features(unstable))]
    pub x_bps_read_max_length: Option<i64>,
    /// The rate of writes, in bytes a second; 0 for no limit.
    #[qapi(features(unstable))]
    pub x_bps_write: Option<i64>,
    /// The rate of bursts of writes, in bytes a second.
    #[qapi(features(unstable))]
    pub x_bps_write_max: Option<i64>,
    /// The longest burst of writes, in seconds.
    #[qapi(features(unstable))]
    pub x_bps_write_max_length: Option<i64>,
    /// The bytes of a request that count as one request.
    #[qapi(features(unstable))]
    pub x_iops_size: Option<i64>,
}
