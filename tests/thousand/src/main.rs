//! Serves a thousand commands on standard input and output.

use thousand as _;

fn main() -> Result<(), qapi_core::ServeError> {
    qapi_core::Server::new().require_package("thousand-alpha").listen_stdio().run()
}
