//! The types of `query-blockstats`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

/// The statistics of a node.
#[qapi_struct(since = "0.14")]
#[derive(Debug, Clone)]
pub struct BlockStats {
    /// The name of the device. This program has no devices.
    pub device: Option<String>,
    /// The path of the device.
    #[qapi(since = "3.0")]
    pub qdev: Option<String>,
    /// The name of the node.
    #[qapi(since = "2.3")]
    pub node_name: Option<String>,
    /// The statistics of all kinds of nodes.
    pub stats: BlockDeviceStats,
    /// The statistics that only some drivers have.
    #[qapi(since = "4.2")]
    pub driver_specific: Option<BlockStatsSpecific>,
    /// The statistics of the node below, in which the node is stored.
    pub parent: Option<Box<BlockStats>>,
    /// The statistics of the backing node of a device.
    #[qapi(since = "2.0")]
    pub backing: Option<Box<BlockStats>>,
}

/// The statistics of all kinds of nodes. As in QEMU, most belong to devices, so that they are 0
/// for nodes, which count `wr_highest_offset` alone.
#[qapi_struct(since = "0.14")]
#[derive(Debug, Clone, Default)]
pub struct BlockDeviceStats {
    /// The bytes read.
    #[qapi(name = "rd_bytes", name_exception)]
    pub rd_bytes: i64,
    /// The bytes written.
    #[qapi(name = "wr_bytes", name_exception)]
    pub wr_bytes: i64,
    /// The bytes appended to zones.
    #[qapi(name = "zone_append_bytes", name_exception, since = "8.1")]
    pub zone_append_bytes: i64,
    /// The bytes discarded.
    #[qapi(name = "unmap_bytes", name_exception, since = "4.2")]
    pub unmap_bytes: i64,
    /// The reads.
    #[qapi(name = "rd_operations", name_exception)]
    pub rd_operations: i64,
    /// The writes.
    #[qapi(name = "wr_operations", name_exception)]
    pub wr_operations: i64,
    /// The appends to zones.
    #[qapi(name = "zone_append_operations", name_exception, since = "8.1")]
    pub zone_append_operations: i64,
    /// The flushes.
    #[qapi(name = "flush_operations", name_exception)]
    pub flush_operations: i64,
    /// The discards.
    #[qapi(name = "unmap_operations", name_exception, since = "4.2")]
    pub unmap_operations: i64,
    /// The time of all reads in nanoseconds.
    #[qapi(name = "rd_total_time_ns", name_exception)]
    pub rd_total_time_ns: i64,
    /// The time of all writes in nanoseconds.
    #[qapi(name = "wr_total_time_ns", name_exception)]
    pub wr_total_time_ns: i64,
    /// The time of all appends to zones in nanoseconds.
    #[qapi(name = "zone_append_total_time_ns", name_exception, since = "8.1")]
    pub zone_append_total_time_ns: i64,
    /// The time of all flushes in nanoseconds.
    #[qapi(name = "flush_total_time_ns", name_exception)]
    pub flush_total_time_ns: i64,
    /// The time of all discards in nanoseconds.
    #[qapi(name = "unmap_total_time_ns", name_exception, since = "4.2")]
    pub unmap_total_time_ns: i64,
    /// The largest end of a write in bytes.
    #[qapi(name = "wr_highest_offset", name_exception)]
    pub wr_highest_offset: i64,
    /// The reads that were merged into others.
    #[qapi(name = "rd_merged", name_exception, since = "2.3")]
    pub rd_merged: i64,
    /// The writes that were merged into others.
    #[qapi(name = "wr_merged", name_exception, since = "2.3")]
    pub wr_merged: i64,
    /// The appends to zones that were merged into others.
    #[qapi(name = "zone_append_merged", name_exception, since = "8.1")]
    pub zone_append_merged: i64,
    /// The discards that were merged into others.
    #[qapi(name = "unmap_merged", name_exception, since = "4.2")]
    pub unmap_merged: i64,
    /// The time since the last request in nanoseconds.
    #[qapi(name = "idle_time_ns", name_exception, since = "2.5")]
    pub idle_time_ns: Option<i64>,
    /// The reads that failed.
    #[qapi(name = "failed_rd_operations", name_exception, since = "2.5")]
    pub failed_rd_operations: i64,
    /// The writes that failed.
    #[qapi(name = "failed_wr_operations", name_exception, since = "2.5")]
    pub failed_wr_operations: i64,
    /// The appends to zones that failed.
    #[qapi(name = "failed_zone_append_operations", name_exception, since = "8.1")]
    pub failed_zone_append_operations: i64,
    /// The flushes that failed.
    #[qapi(name = "failed_flush_operations", name_exception, since = "2.5")]
    pub failed_flush_operations: i64,
    /// The discards that failed.
    #[qapi(name = "failed_unmap_operations", name_exception, since = "4.2")]
    pub failed_unmap_operations: i64,
    /// The reads that were refused.
    #[qapi(name = "invalid_rd_operations", name_exception, since = "2.5")]
    pub invalid_rd_operations: i64,
    /// The writes that were refused.
    #[qapi(name = "invalid_wr_operations", name_exception, since = "2.5")]
    pub invalid_wr_operations: i64,
    /// The appends to zones that were refused.
    #[qapi(name = "invalid_zone_append_operations", name_exception, since = "8.1")]
    pub invalid_zone_append_operations: i64,
    /// The flushes that were refused.
    #[qapi(name = "invalid_flush_operations", name_exception, since = "2.5")]
    pub invalid_flush_operations: i64,
    /// The discards that were refused.
    #[qapi(name = "invalid_unmap_operations", name_exception, since = "4.2")]
    pub invalid_unmap_operations: i64,
    /// Whether refused requests count for the time of the last request.
    #[qapi(name = "account_invalid", name_exception, since = "2.5")]
    pub account_invalid: bool,
    /// Whether failed requests count for the times.
    #[qapi(name = "account_failed", name_exception, since = "2.5")]
    pub account_failed: bool,
    /// The statistics of intervals.
    #[qapi(name = "timed_stats", name_exception, since = "2.5")]
    pub timed_stats: Vec<BlockDeviceTimedStats>,
    /// The distribution of the times of reads.
    #[qapi(name = "rd_latency_histogram", name_exception, since = "4.0")]
    pub rd_latency_histogram: Option<BlockLatencyHistogramInfo>,
    /// The distribution of the times of writes.
    #[qapi(name = "wr_latency_histogram", name_exception, since = "4.0")]
    pub wr_latency_histogram: Option<BlockLatencyHistogramInfo>,
    /// The distribution of the times of appends to zones.
    #[qapi(name = "zone_append_latency_histogram", name_exception, since = "8.1")]
    pub zone_append_latency_histogram: Option<BlockLatencyHistogramInfo>,
    /// The distribution of the times of flushes.
    #[qapi(name = "flush_latency_histogram", name_exception, since = "4.0")]
    pub flush_latency_histogram: Option<BlockLatencyHistogramInfo>,
}

/// The statistics of an interval.
#[qapi_struct(since = "2.5")]
#[derive(Debug, Clone)]
pub struct BlockDeviceTimedStats {
    /// The length of the interval in seconds.
    #[qapi(name = "interval_length", name_exception)]
    pub interval_length: i64,
    /// The shortest time of a read in nanoseconds.
    #[qapi(name = "min_rd_latency_ns", name_exception)]
    pub min_rd_latency_ns: i64,
    /// The longest time of a read in nanoseconds.
    #[qapi(name = "max_rd_latency_ns", name_exception)]
    pub max_rd_latency_ns: i64,
    /// The mean time of a read in nanoseconds.
    #[qapi(name = "avg_rd_latency_ns", name_exception)]
    pub avg_rd_latency_ns: i64,
    /// The shortest time of a write in nanoseconds.
    #[qapi(name = "min_wr_latency_ns", name_exception)]
    pub min_wr_latency_ns: i64,
    /// The longest time of a write in nanoseconds.
    #[qapi(name = "max_wr_latency_ns", name_exception)]
    pub max_wr_latency_ns: i64,
    /// The mean time of a write in nanoseconds.
    #[qapi(name = "avg_wr_latency_ns", name_exception)]
    pub avg_wr_latency_ns: i64,
    /// The shortest time of an append to a zone in nanoseconds.
    #[qapi(name = "min_zone_append_latency_ns", name_exception, since = "8.1")]
    pub min_zone_append_latency_ns: i64,
    /// The longest time of an append to a zone in nanoseconds.
    #[qapi(name = "max_zone_append_latency_ns", name_exception, since = "8.1")]
    pub max_zone_append_latency_ns: i64,
    /// The mean time of an append to a zone in nanoseconds.
    #[qapi(name = "avg_zone_append_latency_ns", name_exception, since = "8.1")]
    pub avg_zone_append_latency_ns: i64,
    /// The shortest time of a flush in nanoseconds.
    #[qapi(name = "min_flush_latency_ns", name_exception)]
    pub min_flush_latency_ns: i64,
    /// The longest time of a flush in nanoseconds.
    #[qapi(name = "max_flush_latency_ns", name_exception)]
    pub max_flush_latency_ns: i64,
    /// The mean time of a flush in nanoseconds.
    #[qapi(name = "avg_flush_latency_ns", name_exception)]
    pub avg_flush_latency_ns: i64,
    /// The mean number of reads in flight.
    #[qapi(name = "avg_rd_queue_depth", name_exception)]
    pub avg_rd_queue_depth: f64,
    /// The mean number of writes in flight.
    #[qapi(name = "avg_wr_queue_depth", name_exception)]
    pub avg_wr_queue_depth: f64,
    /// The mean number of appends to zones in flight.
    #[qapi(name = "avg_zone_append_queue_depth", name_exception, since = "8.1")]
    pub avg_zone_append_queue_depth: f64,
}

/// How times are distributed.
#[qapi_struct(since = "4.0")]
#[derive(Debug, Clone)]
pub struct BlockLatencyHistogramInfo {
    /// The times between two bins, in nanoseconds.
    pub boundaries: Vec<u64>,
    /// The requests of each bin.
    pub bins: Vec<u64>,
}

/// The drivers that have statistics of their own.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockStatsDriver {
    /// Regular files.
    File,
    /// Devices of the host.
    #[qapi(name = "host_device", name_exception)]
    HostDevice,
}

/// The statistics that only some drivers have.
#[qapi_union(discriminator = "driver", tag = BlockStatsDriver, since = "4.2")]
#[derive(Debug, Clone)]
pub enum BlockStatsSpecific {
    /// Those of regular files.
    File(BlockStatsSpecificFile),
    /// Those of devices of the host.
    HostDevice(BlockStatsSpecificFile),
}

/// The statistics of files and devices: the requests to free space.
#[qapi_struct(since = "4.2")]
#[derive(Debug, Clone)]
pub struct BlockStatsSpecificFile {
    /// The requests that succeeded.
    pub discard_nb_ok: u64,
    /// The requests that failed.
    pub discard_nb_failed: u64,
    /// The bytes of the requests that succeeded.
    pub discard_bytes_ok: u64,
}
