//! Serves a thousand commands on standard input and output.

use thousand as _;

fn main() -> Result<(), qapi_core::ServeError> {
    let server = qapi_core::Server::new().require_package("thousand-alpha");
    server.require_package("thousand").listen_stdio().run()
}
