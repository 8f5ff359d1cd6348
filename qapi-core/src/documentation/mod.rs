//! The documentation of a program's schema, as data and over the wire.
//!
//! The doc comments of definitions, values, members and arguments are part of the program, and
//! [`document`] collects them. A server with
//! [`enable_documentation`](crate::Server::enable_documentation) has a command that returns them:
//!
//! ```text
//! -> {"execute": "__org.qapi-rs_query-documentation", "arguments": {"name": "quit"}}
//! <- {"return": [{"name": "quit", "kind": "command", "since": "0.14", "members": [],
//!                 "doc": "Ends the server once this command is answered.", "features": [],
//!                 "package": "qapi-core"}]}
//! ```
//!
//! A client in Rust has a typed form:
//!
//! ```standalone_crate
//! use qapi_core::client::Client;
//! use qapi_core::commands::documentation::query_documentation;
//! use qapi_core::prelude::*;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let socket = std::env::temp_dir().join(format!("documentation-{}", std::process::id()));
//! let server = Server::new().enable_documentation().listen_unix(&socket)?;
//! let client = async {
//!     let mut client = Client::connect_unix(&socket).await?;
//!     let quit = client.execute(&query_documentation { name: Some("quit") }).await?;
//!     assert_eq!(quit[0].since.as_deref(), Some("0.14"));
//!     client.execute(&qapi_core::commands::control::quit {}).await
//! };
//! let (served, answered) = tokio::join!(server.serve(), client);
//! served?;
//! answered?;
//! # Ok(())
//! # }
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(example())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The name
//! QEMU has no such command, but may add one. The command therefore has the name of a vendor's
//! extension, which QAPI reserves: two underscores, a domain name in reverse, an underscore, and
//! the name proper. For your own extensions of QEMU's schema use your own domain:
//! `#[qapi_command(name = "__com.example_frobnicate")]`.
//!
//! # Contents
//! The documentation covers the commands, events and types that `query-qmp-schema` shows the same
//! client, without the parts that the server's policy hides. Types have names instead of numbers.
//! Members of a base are listed with the struct or union that has the base. Names of types have no
//! meaning on the wire and may change with every release; the documentation uses them for
//! references.

pub(crate) mod gather;
pub(crate) mod info;

pub use gather::document;
pub use info::{
    BranchDocumentation, DefinitionDocumentation, DocumentedKind, FeatureDocumentation,
    PartDocumentation,
};
