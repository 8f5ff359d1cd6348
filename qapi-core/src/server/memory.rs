//! A connection within the process.

use std::sync::Arc;

use tokio::io::DuplexStream;

use super::connection::Connection;
use super::executor::{CallExecutor, DEFAULT_BLOCKING_LIMIT};
use super::stream::Source;
use crate::service::Service;
use crate::service::shutdown::Shutdown;
use crate::session::{Session, SessionOptions};

/// How many bytes each end takes before the other has read them: what a unix socket takes.
const CAPACITY: usize = 208 << 10;

/// Serves a client within the process; its end of the connection. Must be called on a tokio
/// runtime.
pub(crate) fn connect(service: &Arc<Service>) -> DuplexStream {
    let (near, far) = tokio::io::duplex(CAPACITY);
    let (reader, writer) = tokio::io::split(far);
    let source = Source::Bytes(Box::new(reader));
    let service = Arc::clone(service);
    let session = Session::new(Arc::clone(&service), &SessionOptions::default());
    tokio::spawn(async move {
        let executor = Arc::new(CallExecutor::new(DEFAULT_BLOCKING_LIMIT));
        let mut connection = Connection::new(source, Box::new(writer), session, executor);
        tokio::select! {
            // However it ends, it is the doing of the client's own program.
            _ = connection.run(service.shutdown()) => {}
            // There is no server to do this.
            () = service.events().run_throttle() => {}
            () = end_when_asked(service.shutdown()) => {}
        }
    });
    near
}

/// Lets sessions end as soon as somebody asks for the end: nothing is to be done before it.
async fn end_when_asked(shutdown: &Shutdown) {
    shutdown.requested().await;
    shutdown.close_sessions();
    std::future::pending().await
}
