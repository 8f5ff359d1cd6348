//! A connection within the process, for the tests of daemons.

use std::sync::Arc;

use tokio::io::DuplexStream;

use super::connection::{Connection, ConnectionOptions};
use super::executor::{CallExecutor, DEFAULT_BLOCKING_LIMIT};
use super::stream::Source;
use crate::service::Service;
use crate::service::shutdown::Shutdown;
use crate::session::{Session, SessionOptions};

/// The number of bytes that each direction buffers: that of a unix socket on Linux.
const CAPACITY: usize = 208 << 10;

/// Serves a client within the process, and returns the client's end of the connection. Requires a
/// tokio runtime.
pub(crate) fn connect(service: &Arc<Service>) -> DuplexStream {
    let (near, far) = tokio::io::duplex(CAPACITY);
    let (reader, writer) = tokio::io::split(far);
    let source = Source::Bytes(Box::new(reader));
    let service = Arc::clone(service);
    let session = Session::new(Arc::clone(&service), &SessionOptions::default());
    tokio::spawn(async move {
        let executor = Arc::new(CallExecutor::new(DEFAULT_BLOCKING_LIMIT));
        let options = ConnectionOptions::default();
        let mut connection =
            Connection::new(source, Box::new(writer), session, executor, options);
        tokio::select! {
            // The reason is not logged: the test sees the disconnect itself.
            _ = connection.run(service.shutdown()) => {}
            // The background tasks of a `Server`, which this connection does not have.
            () = service.events().run_throttle() => {}
            () = close_on_request(service.shutdown()) => {}
        }
    });
    near
}

/// Lets sessions close as soon as the shutdown is requested, as there are no shutdown hooks.
async fn close_on_request(shutdown: &Shutdown) {
    shutdown.requested().await;
    shutdown.close_sessions();
    std::future::pending().await
}
