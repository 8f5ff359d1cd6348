//! Tests of the framework through its public interfaces: a folder for each part.
//!
//! | part | file ▶ what it shows |
//! |---|---|
//! | client | `typed_client` ▶ calls and events of a real server; `scripted_server` ▶ of a server that deviates; `test_client` ▶ the client for the tests of daemons; `lamp` is the daemon |
//! | documentation | `mod` ▶ `query-documentation`; `definitions` ▶ the documented definitions |
//! | events | `rate_limit` ▶ throttled events; `slow_client` ▶ a client that does not read |
//! | introspection | `query_qmp_schema` ▶ the whole reply; `schema_language` ▶ definitions rendered; `qemu/` ▶ QEMU's schemas, if `QAPI_QEMU_SCHEMA` names them |
//! | job | the job engine: a file for each verb or rule |
//! | macros | a file for each kind of definition; `conditions` ▶ `#[cfg]`; `hygiene` ▶ hostile surroundings; `ui` ▶ errors (`tests/ui`) |
//! | model | the job engine and a model of it in lock step |
//! | operations | `hooks` ▶ hooks around calls; `logs` ▶ audit, traffic and spans; `metrics` ▶ counters and gauges; `in_process` ▶ one set-up for production and tests; `deadlines` ▶ deadlines and calls without a client; `session_data`, `event_selection` ▶ the data, the end and the events of a session |
//! | policy | `access` ▶ who may call; `compat` ▶ deprecated and unstable parts; `peer_credentials` ▶ clients of other users |
//! | projection | the schema as of an earlier release: `conflicts` ▶ at start-up; `sessions` ▶ for clients; `package_releases` ▶ `since` of other packages; `job_history` ▶ the package job |
//! | registry | `lookup` ▶ queries; `conflicts` ▶ each rule broken; `control_schema`, `job_schema` ▶ definitions equal to QEMU's schema files |
//! | server | `transports`, `outgoing_connections`, `activation`, `socket_file` ▶ the origins of connections; `clients`, `places`, `fds` ▶ clients, their places and descriptors; `foreign_protocols` ▶ HTTP and TLS; `executor` ▶ blocking calls; `memory` ▶ the memory of all clients; `presented_release` ▶ `Server::as_of`; `serve_errors` ▶ errors at the start |
//! | session | `transcript` ▶ replies byte for byte; `ordering` ▶ order, out-of-band, limits; `memory` ▶ the memory budget; `control_commands`, `preconfig`; `allocations` ▶ a request needs none; `repeated_ids` ▶ ids in replies |
//! | tidy | sizes, leftovers, layers and names of the sources |
//! | visitor | `recorded_exchanges` ▶ errors about arguments equal to QEMU's; `integer_widths` ▶ the limits of each width |
//! | wire | `conformance`, `stream`, `replay` ▶ the decoder; `parse`, `document`, `fast_path` ▶ the parser; `formatter` ▶ output; `allocations` |
//!
//! `support/` has what several parts use. Block jobs are tested elsewhere. Mirrors, for example:
//! `storage-daemon/tests/jobs/mirror.rs` and `slow_disk.rs` (within the process),
//! `storage-daemon/tests/program/mirror.rs` (through QMP), `tests/conformance/jobs` (recordings of
//! QEMU) and `tests/crash` (kills).

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod client;
mod documentation;
mod events;
mod introspection;
mod job;
mod macros;
mod model;
mod operations;
mod policy;
mod projection;
mod registry;
mod server;
mod session;
mod support;
mod tidy;
mod visitor;
mod wire;
