//! The documentation of a program's schema, as data and over the wire.
//!
//! The doc comments of definitions, values, members and arguments are part of the program, and
//! [`document`] gathers them. A server that is told to
//! ([`Server::enable_documentation`](crate::Server::enable_documentation)) has a command by which
//! clients ask for them:
//!
//! ```text
//! -> {"execute": "__org.qapi-rs_query-documentation", "arguments": {"name": "quit"}}
//! <- {"return": [{"name": "quit", "kind": "command", "since": "0.14", "members": [],
//!                 "doc": "Ends the server once this command is answered.", "features": [],
//!                 "package": "qapi-core"}]}
//! ```
//!
//! A client written in Rust has it typed:
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
//! QEMU has no such command and may have one of that name tomorrow, so that this one has the name
//! of a vendor's extension: two underscores, a domain name in reverse, an underscore, and the name
//! proper. QAPI keeps such names free of its own. Whoever adds commands to QEMU's under names of
//! their own does the same with their own domain, `#[qapi_command(name =
//! "__com.example_frobnicate")]`.
//!
//! # What is told
//! What `query-qmp-schema` tells the same client of, under names instead of numbers: commands and
//! events, and the types that they lead to; nothing that the server's policy keeps from the caller
//! or hides. Members of a base are listed with what it is the base of. Names of types mean nothing
//! on the wire and may change with every release: the documentation uses them to refer to each
//! other.

pub(crate) mod gather;
pub(crate) mod info;

pub use gather::document;
pub use info::{
    BranchDocumentation, DefinitionDocumentation, DocumentedKind, FeatureDocumentation,
    PartDocumentation,
};
