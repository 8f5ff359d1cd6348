//! The bare server, which sends a fixed reply to each line. Rates are relative to it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// The maximum number of bytes in one read. The framework's server has the same, so that both
/// servers need the same number of reads.
const READ_SIZE: usize = 16 << 10;

/// Replies to each line with `size` bytes, and sends the replies to all lines of one read in one
/// write. Does not return.
pub(crate) fn serve(socket: &str, size: usize) {
    let _ = std::fs::remove_file(socket);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let listener = UnixListener::bind(socket).expect("the socket can be made");
        loop {
            let (stream, _) = listener.accept().await.expect("a client can be accepted");
            tokio::spawn(serve_client(stream, reply(size)));
        }
    });
}

/// A line of `size` bytes.
fn reply(size: usize) -> Vec<u8> {
    const AROUND: usize = b"{\"return\": \"\"}\r\n".len();
    let text = "x".repeat(size.saturating_sub(AROUND));
    format!("{{\"return\": \"{text}\"}}\r\n").into_bytes()
}

async fn serve_client(mut stream: UnixStream, reply: Vec<u8>) {
    let (mut input, mut output) = (vec![0; READ_SIZE], Vec::new());
    while let Ok(count @ 1..) = stream.read(&mut input).await {
        // Only the ends of lines count, so that partial lines need no buffer.
        for _ in input[..count].iter().filter(|byte| **byte == b'\n') {
            output.extend_from_slice(&reply);
        }
        if stream.write_all(&output).await.is_err() {
            return;
        }
        output.clear();
    }
}
