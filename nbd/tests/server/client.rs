//! A client that sends what a test wants.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use nbd::{Server, ServerOptions};

/// A server, and the folder of its socket.
pub(crate) struct Running {
    pub(crate) server: Server,
    folder: tempfile::TempDir,
}

impl Running {
    pub(crate) fn new(options: ServerOptions) -> Self {
        let folder = tempfile::tempdir().expect("there is space");
        let listener = UnixListener::bind(folder.path().join("s")).expect("the path is free");
        let server = Server::unix(listener, options).expect("it starts");
        Running { server, folder }
    }

    /// Connects, without reading the greeting.
    pub(crate) fn connect(&self) -> Client {
        let socket = UnixStream::connect(self.folder.path().join("s")).expect("it listens");
        // Only a test that fails waits so long.
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("it is a socket");
        Client { socket, form: Form::Simple, cookie: 0 }
    }

    /// Connects, and carries out the first part of the handshake.
    pub(crate) fn client(&self) -> Client {
        let mut client = self.connect();
        assert_eq!(client.bytes(18), b"NBDMAGICIHAVEOPT\0\x03");
        client.send(&3_u32.to_be_bytes());
        client
    }
}

/// The form of replies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Simple,
    Structured,
    Extended,
}

pub(crate) struct Client {
    pub(crate) socket: UnixStream,
    form: Form,
    cookie: u64,
}

/// A reply to an option: its type, and its data.
pub(crate) type OptionReply = (u32, Vec<u8>);

/// A reply to a request, or a part of one: its type (0 for simple replies), and its data.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Simple(u32, Vec<u8>),
    Chunk(u16, Vec<u8>),
}

impl Client {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("the server reads");
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.socket.read_exact(&mut bytes).expect("the server answers");
        bytes
    }

    /// Whether the server closes the connection without sending more.
    pub(crate) fn is_closed(&mut self) -> bool {
        !matches!(self.socket.read(&mut [0; 1]), Ok(1))
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.bytes(4).try_into().expect("four bytes"))
    }

    fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.bytes(8).try_into().expect("eight bytes"))
    }

    /// Sends an option.
    pub(crate) fn send_option(&mut self, option: u32, data: &[u8]) {
        let mut message = b"IHAVEOPT".to_vec();
        message.extend_from_slice(&option.to_be_bytes());
        message.extend_from_slice(&(data.len() as u32).to_be_bytes());
        message.extend_from_slice(data);
        self.send(&message);
    }

    /// The next reply to an option.
    pub(crate) fn option_reply(&mut self, option: u32) -> OptionReply {
        assert_eq!(self.u64(), 0x0003_e889_0455_65a9);
        assert_eq!(self.u32(), option);
        let (number, length) = (self.u32(), self.u32());
        (number, self.bytes(length as usize))
    }

    /// Sends an option, and returns the replies up to the last one.
    pub(crate) fn option(&mut self, option: u32, data: &[u8]) -> Vec<OptionReply> {
        self.send_option(option, data);
        let mut replies = Vec::new();
        loop {
            let reply = self.option_reply(option);
            let is_last = reply.0 == 1 || reply.0 >> 31 == 1;
            replies.push(reply);
            if is_last {
                return replies;
            }
        }
    }

    /// Chooses the form of replies, contexts and an export.
    pub(crate) fn go(&mut self, export: &str, form: Form, contexts: &[&str]) {
        let option = match form {
            Form::Simple => None,
            Form::Structured => Some(8),
            Form::Extended => Some(11),
        };
        if let Some(option) = option {
            assert_eq!(self.option(option, &[]), [(1, Vec::new())]);
        }
        if !contexts.is_empty() {
            let replies = self.option(10, &meta(export, contexts));
            assert_eq!(replies.len(), contexts.len() + 1, "{replies:?}");
        }
        let replies = self.option(7, &info(export, &[]));
        assert_eq!(replies.last(), Some(&(1, Vec::new())), "{replies:?}");
        self.form = form;
    }

    /// Sends a request without waiting for the reply, and returns its cookie.
    pub(crate) fn request(
        &mut self,
        command: u16,
        flags: u16,
        range: (u64, u64),
        payload: &[u8],
    ) -> u64 {
        self.cookie += 1;
        let (magic, (offset, length)) = match self.form {
            Form::Simple | Form::Structured => (0x2560_9513_u32, range),
            Form::Extended => (0x21e4_1c71, range),
        };
        let mut message = magic.to_be_bytes().to_vec();
        message.extend_from_slice(&flags.to_be_bytes());
        message.extend_from_slice(&command.to_be_bytes());
        message.extend_from_slice(&self.cookie.to_be_bytes());
        message.extend_from_slice(&offset.to_be_bytes());
        match self.form {
            Form::Simple | Form::Structured => {
                message.extend_from_slice(&(length as u32).to_be_bytes());
            }
            Form::Extended => message.extend_from_slice(&length.to_be_bytes()),
        }
        message.extend_from_slice(payload);
        self.send(&message);
        self.cookie
    }

    /// The next reply: its cookie, and all of its chunks. `data` is the length of the data of a
    /// simple reply without an error.
    pub(crate) fn reply(&mut self, data: usize) -> (u64, Vec<Reply>) {
        let mut chunks = Vec::new();
        loop {
            match self.u32() {
                0x6744_6698 => {
                    let (error, cookie) = (self.u32(), self.u64());
                    let data = if error == 0 { self.bytes(data) } else { Vec::new() };
                    return (cookie, vec![Reply::Simple(error, data)]);
                }
                magic => {
                    let is_extended = magic == 0x6e8a_278c;
                    assert!(is_extended || magic == 0x668e_33ef, "{magic:#x}");
                    let head = self.u32();
                    let cookie = self.u64();
                    let length = if is_extended {
                        self.u64();
                        self.u64()
                    } else {
                        u64::from(self.u32())
                    };
                    chunks.push(Reply::Chunk(head as u16, self.bytes(length as usize)));
                    if head >> 16 & 1 == 1 {
                        return (cookie, chunks);
                    }
                }
            }
        }
    }

    /// Sends a request and returns its reply.
    pub(crate) fn call(
        &mut self,
        command: u16,
        flags: u16,
        range: (u64, u64),
        payload: &[u8],
    ) -> Vec<Reply> {
        let cookie = self.request(command, flags, range, payload);
        let is_simple_read = command == 0 && self.form == Form::Simple;
        let (answered, reply) = self.reply(if is_simple_read { range.1 as usize } else { 0 });
        assert_eq!(answered, cookie);
        reply
    }
}

/// The error of a chunk: its number and its text.
pub(crate) fn error(replies: &[Reply]) -> (u32, String) {
    let [Reply::Chunk(0x8001, body)] = replies else { panic!("no error: {replies:?}") };
    let number = u32::from_be_bytes(body[..4].try_into().expect("four bytes"));
    (number, String::from_utf8_lossy(&body[6..]).into_owned())
}

fn string(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// The data of the options `INFO` and `GO`.
pub(crate) fn info(export: &str, asked: &[u16]) -> Vec<u8> {
    let mut data = string(export);
    data.extend_from_slice(&(asked.len() as u16).to_be_bytes());
    asked.iter().for_each(|asked| data.extend_from_slice(&asked.to_be_bytes()));
    data
}

/// The data of the options about contexts.
pub(crate) fn meta(export: &str, queries: &[&str]) -> Vec<u8> {
    let mut data = string(export);
    data.extend_from_slice(&(queries.len() as u32).to_be_bytes());
    queries.iter().for_each(|query| data.extend_from_slice(&string(query)));
    data
}
