//! Tests of the program as a process.
//!
//! | part | file |
//! |---|---|
//! | command line | `command_line` |
//! | start, signals, end; sockets, PID file | `process`, `background` |
//! | demo | `demo` |
//! | backup, transaction; dirty bitmaps | `backup`; `bitmaps` |
//! | mirror | `mirror` |
//! | stream, commit | `stream_commit` |
//! | blkdebug nodes | `blkdebug` |
//! | character devices, objects | `chardevs` |
//! | storage that fails, truncated images | `faults`, `truncated` |
//! | logs, the journal of jobs; metrics | `operations`; `metrics` |
//! | exports over vhost-user | `vhost_user` |
//! | limits of the system, files that are not what they seem | `limits` |
//! | damaged metadata of qcow2 images | `damaged` |
//! | consistency of images after each kind of job and end | `consistency` |
//! | features of images that QEMU makes | `qemu_images` |
//! | recorded behaviour of QEMU's storage daemon | `scenarios` |
//! | TLS of the NBD server; clients of libnbd, fio | `tls`; `nbd_clients` |
//! | snapshots in transactions | `snapshots` |
//! | the schema as of earlier releases of QEMU | `releases` |

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod background;
mod backup;
mod bitmaps;
mod blkdebug;
mod chains;
mod chardevs;
mod command_line;
mod consistency;
mod damaged;
mod demo;
mod faults;
mod limits;
mod metrics;
mod mirror;
mod nbd_clients;
mod operations;
mod process;
mod qemu_images;
mod releases;
mod scenarios;
mod snapshots;
mod stream_commit;
mod support;
mod tls;
mod truncated;
#[cfg(feature = "vhost-user")]
mod vhost_user;
