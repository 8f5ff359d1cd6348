//! Clients that speak HTTP or TLS. Without the detection, the server would skip the headers of a
//! request and carry out the commands in its body.

use std::net::SocketAddr;

use qapi_core::Listener;
use qapi_core::server::ForeignProtocols;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::fixture::{Client, Running, soon};

/// The commands that a web page would like to have carried out: they count a pass of the gate.
const BODY: &str = "{\"execute\": \"qmp_capabilities\"} {\"execute\": \"test-pass\"}\r\n";

fn post(start: &str) -> Vec<u8> {
    format!("{start}Host: 127.0.0.1\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len()).into_bytes()
}

/// A server that also listens on TCP.
fn serve() -> (Running, SocketAddr) {
    let listener = Listener::tcp(0).unwrap();
    let address = listener.tcp_address().unwrap();
    (Running::start_with(|server| server.listen(listener)), address)
}

/// Sends `parts` one by one, and reads until the server disconnects.
async fn send_parts(mut stream: TcpStream, parts: [&[u8]; 2]) {
    stream.set_nodelay(true).unwrap();
    for part in parts {
        // The server may have disconnected after the first part.
        let _ = stream.write_all(part).await;
        tokio::task::yield_now().await;
    }
    // The disconnect is a reset if the server left bytes unread.
    let mut output = Vec::new();
    let _ = soon(stream.read_to_end(&mut output)).await;
}

/// The number of times that a client passed the gate.
async fn passes(server: &Running) -> serde_json::Value {
    let mut client = Client::negotiated(&server.path).await;
    client.ask(r#"{"execute": "test-count-now"}"#).await
}

#[tokio::test]
async fn no_command_in_an_http_request_is_carried_out() {
    let (server, address) = serve();
    let request = post("POST / HTTP/1.1\r\n");
    for at in 0..=request.len() {
        let (first, second) = request.split_at(at);
        let stream = soon(TcpStream::connect(address)).await.unwrap();
        send_parts(stream, [first, second]).await;
    }
    assert_eq!(passes(&server).await, json!({"return": 0}));
}

#[tokio::test]
async fn requests_of_all_forms_are_detected() {
    let (server, address) = serve();
    for start in [
        "post / HTTP/1.1\r\n",
        "\r\n\r\nBREW /pot HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "CONNECT localhost:80 HTTP/1.1\r\n",
        "GET http://localhost/ HTTP/1.1\r\n",
        "\x16\x03\x01\x02\x00\x01\r\n",
    ] {
        let stream = soon(TcpStream::connect(address)).await.unwrap();
        send_parts(stream, [&post(start), b""]).await;
    }
    assert_eq!(passes(&server).await, json!({"return": 0}));
}

#[tokio::test]
async fn malformed_json_on_tcp_is_answered() {
    let (_server, address) = serve();
    let mut client = Client::tcp(soon(TcpStream::connect(address)).await.unwrap());
    client.message().await.expect("the server sends a greeting");
    let reply = client.ask("\r\n nonsense {\"execute\": \"qmp_capabilities\"}").await;
    assert!(reply["error"]["desc"].as_str().unwrap().contains("invalid keyword"), "{reply}");
    assert_eq!(client.message().await.unwrap(), json!({"return": {}}));
}

#[tokio::test]
async fn the_detection_can_be_enabled_on_a_unix_socket_and_disabled_on_tcp() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("guarded.sock");
    let guarded = Listener::unix(&path).unwrap().foreign_protocols(ForeignProtocols::Disconnect);
    let open = Listener::tcp(0).unwrap().foreign_protocols(ForeignProtocols::Ignore);
    let address = open.tcp_address().unwrap();
    let server = Running::start_with(|server| server.listen(guarded).listen(open));
    let request = post("POST / HTTP/1.1\r\n");

    let mut stream = soon(UnixStream::connect(&path)).await.unwrap();
    let _ = stream.write_all(&request).await;
    let _ = soon(stream.read_to_end(&mut Vec::new())).await;
    assert_eq!(passes(&server).await, json!({"return": 0}));

    let mut stream = soon(TcpStream::connect(address)).await.unwrap();
    stream.write_all(&request).await.unwrap();
    let mut output = String::new();
    stream.shutdown().await.unwrap();
    soon(stream.read_to_string(&mut output)).await.unwrap();
    assert_eq!(passes(&server).await, json!({"return": 1}), "as in QEMU: {output}");
}
