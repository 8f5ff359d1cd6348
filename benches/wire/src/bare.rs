//! A server that only answers each line: the reference for rates.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// Equal to that of the framework's server, so that both need as many reads.
const READ_SIZE: usize = 16 << 10;

/// Answers each line with `size` bytes, all lines of one read with one write.
pub(crate) fn serve(socket: &str, size: usize) {
    let _ = std::fs::remove_file(socket);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let listener = UnixListener::bind(socket).expect("the socket can be made");
        loop {
            let (stream, _) = listener.accept().await.expect("a client can be accepted");
            tokio::spawn(answer(stream, reply(size)));
        }
    });
}

/// A line of `size` bytes.
fn reply(size: usize) -> Vec<u8> {
    const AROUND: usize = b"{\"return\": \"\"}\r\n".len();
    let text = "x".repeat(size.saturating_sub(AROUND));
    format!("{{\"return\": \"{text}\"}}\r\n").into_bytes()
}

async fn answer(mut stream: UnixStream, reply: Vec<u8>) {
    let (mut input, mut output) = (vec![0; READ_SIZE], Vec::new());
    while let Ok(count @ 1..) = stream.read(&mut input).await {
        // Each end of a line is answered, so chunks need no assembly.
        for _ in input[..count].iter().filter(|byte| **byte == b'\n') {
            output.extend_from_slice(&reply);
        }
        if stream.write_all(&output).await.is_err() {
            return;
        }
        output.clear();
    }
}
