//! A client that uses little CPU time: it counts the ends of lines instead of parsing replies, and
//! sends all requests that the window allows in one write.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::epoll;

/// The maximum number of bytes in one read, which exceeds a window of replies.
const READ_SIZE: usize = 256 << 10;

struct Client {
    stream: UnixStream,
    /// The requests in flight: the time of each write, and its number of requests.
    sent: VecDeque<(Instant, usize)>,
    unsent: Vec<u8>,
}

/// Sends `count` requests from `clients` connections, each with at most `window` requests in
/// flight. Prints the replies per second, and the 99.9th percentile of latency in nanoseconds.
/// Before the measurement, `count / 10` further requests warm the server up.
pub(crate) fn run(socket: &str, clients: usize, window: usize, count: usize, request: &str) {
    let request = format!("{request}\n").into_bytes();
    let mut clients: Vec<Client> = (0..clients).map(|_| Client::connect(socket)).collect();
    exchange(&mut clients, window, count / 10, &request);
    let start = Instant::now();
    let mut latencies = exchange(&mut clients, window, count, &request);
    let rate = count as f64 / start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let slowest = latencies.get(latencies.len() * 999 / 1000).copied().unwrap_or_default();
    println!("{rate:.0} {}", slowest.as_nanos());
}

fn exchange(
    clients: &mut [Client],
    window: usize,
    count: usize,
    request: &[u8],
) -> Vec<Duration> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll is available");
    let mut unsent = count;
    for (index, client) in (0u64..).zip(&mut *clients) {
        let data = epoll::EventData::new_u64(index);
        epoll::add(&poll, &client.stream, data, epoll::EventFlags::IN).expect("it is new");
        let first = window.min(unsent);
        unsent -= first;
        client.send(first, request);
    }
    let mut latencies = Vec::with_capacity(count);
    let mut buffer = vec![0; READ_SIZE];
    let mut ready = Vec::with_capacity(64);
    while latencies.len() < count {
        // For a single client, a blocking read saves the call of epoll.
        if let [client] = clients {
            let replies = client.receive(&mut buffer, &mut latencies);
            let next = replies.min(unsent);
            unsent -= next;
            client.send(next, request);
            continue;
        }
        ready.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut ready), None)
            .expect("they are there");
        for event in &ready {
            let Some(client) = clients.get_mut(event.data.u64() as usize) else { continue };
            let replies = client.receive(&mut buffer, &mut latencies);
            let next = replies.min(unsent);
            unsent -= next;
            client.send(next, request);
        }
    }
    latencies
}

impl Client {
    /// Connects and negotiates. The bare server sends no greeting, and replies to the negotiation
    /// as to any line.
    fn connect(socket: &str) -> Self {
        let mut stream = UnixStream::connect(socket).expect("the server listens");
        stream.write_all(b"{\"execute\": \"qmp_capabilities\"}\n").expect("it takes requests");
        let mut output = Vec::new();
        while !output.ends_with(b"\r\n") || output.starts_with(b"{\"QMP\"") && lines(&output) < 2
        {
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).expect("it answers"), 1);
            output.extend(byte);
        }
        Self { stream, sent: VecDeque::new(), unsent: Vec::new() }
    }

    fn send(&mut self, count: usize, request: &[u8]) {
        if count == 0 {
            return;
        }
        self.unsent.clear();
        for _ in 0..count {
            self.unsent.extend_from_slice(request);
        }
        self.stream.write_all(&self.unsent).expect("the server takes a window of requests");
        self.sent.push_back((Instant::now(), count));
    }

    /// Reads once, and records the latency of each complete reply.
    fn receive(&mut self, buffer: &mut [u8], latencies: &mut Vec<Duration>) -> usize {
        let count = match self.stream.read(buffer) {
            Ok(0) => panic!("the server closed the connection"),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(error) => panic!("{error}"),
        };
        let replies = lines(&buffer[..count]);
        let now = Instant::now();
        let mut left = replies;
        while left > 0 {
            let (at, waiting) = self.sent.front_mut().expect("each reply has a request");
            let answered = left.min(*waiting);
            latencies.extend(std::iter::repeat_n(now - *at, answered));
            left -= answered;
            *waiting -= answered;
            if *waiting == 0 {
                self.sent.pop_front();
            }
        }
        replies
    }
}

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}
