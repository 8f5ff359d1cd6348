//! What a server costs that does nothing: the limit that ours is compared with.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// As the other server's: it would not do to win by fewer reads.
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
        // Where a line was cut does not matter: its end is what is answered.
        for _ in input[..count].iter().filter(|byte| **byte == b'\n') {
            output.extend_from_slice(&reply);
        }
        if stream.write_all(&output).await.is_err() {
            return;
        }
        output.clear();
    }
}
