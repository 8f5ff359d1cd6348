//! All limits of a server, of a session and of a message, with their defaults.
//!
//! A client that exceeds a limit affects no other client. The log has a line with the reason. If
//! the reason repeats, the log has a count every ten seconds.
//!
//! # Clients
//!
//! | limit | default | set by | beyond it |
//! |---|---|---|---|
//! | connected clients | 64 | `Server::client_limit` | error in place of the greeting, disconnect |
//! | of these, clients other than root and the user of the server | all but one | | the same |
//! | clients of one other user, or of one machine over vsock | half of all | `Server::client_limit_per_user` | the same |
//! | time to negotiate capabilities | 30 s | `Server::negotiation_deadline` | error, disconnect |
//! | time without an answer from the host of a TCP client | 2 min | | disconnect |
//! | HTTP or TLS instead of QMP | refused on TCP and vsock | `Listener::foreign_protocols` | disconnect |
//! | users and machines that may connect | root and the user of the server | `Policy::peers` | error in place of the greeting, disconnect |
//!
//! The time to negotiate applies to clients that connect to a socket of the server. A client that
//! has negotiated may be idle forever. A call that continues after the disconnect of its client
//! occupies the client's place until it ends.
//!
//! # Memory
//!
//! | limit | default | set by | beyond it |
//! |---|---|---|---|
//! | memory for all clients | 256 MiB | `Server::memory_limit` | the clients that use most: error, disconnect; a call: error |
//! | of this, the share that each client has in any case | 1 MiB | `Server::memory_limit` | |
//! | unread output of one client | 16 MiB | `Server::output_limit` | disconnect, `Server::on_overflow` |
//! | unread output above which requests are not read | 1 MiB | | the server stops reading |
//! | `id` of a request, as the reply repeats it | 16 MiB | `Server::output_limit` | error without `id`; the command is not executed |
//! | text of an error | 9.5 MiB | | the text is cut |
//! | events that a rate limit defers, together | 4 MiB | | they are sent at once |
//!
//! The memory for all clients covers the text and the values of incomplete messages, requests that
//! wait, decoded arguments of calls in flight, and unread output. It does not cover buffers of up
//! to 64 KiB, of which a session has less than ten, and what the functions of the program allocate.
//! If the limit is less than 2 MiB for each client, the share of a client is half of the limit
//! divided by the number of clients.
//!
//! The system may have less memory than that, as with `RLIMIT_AS`. A client for whose message or
//! output there is none is disconnected with an error, as if the limit were exceeded. If the system
//! has no memory for a buffer of up to 64 KiB, decoded arguments or the result of a function, the
//! Rust runtime aborts the process with the message "memory allocation of N bytes failed".
//!
//! # Requests
//!
//! | limit | default | set by | beyond it |
//! |---|---|---|---|
//! | requests that wait, with out-of-band execution | 8 ([`QUEUE_LIMIT`]) | | the server stops reading |
//! | requests that wait, without it | 1 | | the server stops reading |
//! | `blocking` functions at a time | 16 | `Server::blocking_limit` | further calls wait |
//! | descriptors without a name, of one client | 16 ([`UNCLAIMED_LIMIT`]) | | they are closed |
//! | descriptors with a name, of one client | 64 ([`NAMED_LIMIT`]) | | error |
//! | time for calls and clients at the shutdown | 5 s | `Server::drain_deadline` | calls are dropped, clients disconnected |
//!
//! # Messages
//!
//! | limit | value | beyond it |
//! |---|---|---|
//! | bytes of the tokens of a message | 64 MiB ([`MAX_TOKEN_SIZE`]) | error |
//! | tokens of a message | 2 Mi ([`MAX_TOKEN_COUNT`]) | error |
//! | open brackets and braces | 1024 ([`MAX_NESTING`]) | error |
//! | values of a recursive type within each other | 256 ([`MAX_VISIT_DEPTH`]) | error |
//!
//! The first three are QEMU's.
//!
//! [`QUEUE_LIMIT`]: crate::session::QUEUE_LIMIT
//! [`UNCLAIMED_LIMIT`]: crate::call::fds::UNCLAIMED_LIMIT
//! [`NAMED_LIMIT`]: crate::call::fds::NAMED_LIMIT
//! [`MAX_TOKEN_SIZE`]: crate::wire::MAX_TOKEN_SIZE
//! [`MAX_TOKEN_COUNT`]: crate::wire::MAX_TOKEN_COUNT
//! [`MAX_NESTING`]: crate::wire::MAX_NESTING
//! [`MAX_VISIT_DEPTH`]: crate::MAX_VISIT_DEPTH
