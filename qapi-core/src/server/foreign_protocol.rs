//! Detects clients that speak another protocol: HTTP and TLS.
//!
//! A web page can make a browser send a request of its choice to a port of the same machine. QMP
//! skips malformed bytes, so without this check the server would skip the headers of the request
//! and carry out the commands in its body.

/// What a server does with a client whose first bytes are an HTTP request or a TLS handshake.
///
/// A web page can make a browser send such bytes to any TCP port, and the commands in the body of
/// a request would be carried out. Browsers cannot reach unix sockets. Vsock is
/// included, as virtual machine monitors offer proxies to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignProtocols {
    /// Disconnects the client before it can execute a command. The default for TCP and
    /// vsock.
    Disconnect,
    /// Treats the bytes as malformed JSON, as QEMU does. The default for all other transports.
    Ignore,
}

/// A protocol that is not QMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ForeignProtocol {
    Http,
    Tls,
}

/// Examines the first bytes from a client, however they are split.
///
/// An HTTP request begins with a method, a blank and a target: a path, `*`, a URL, or an authority
/// that the version follows (RFC 9112, section 3). None of these bytes can be part of a JSON
/// object, so no command precedes the detection. Blank lines before the method are permitted (RFC
/// 9112, section 2.2). A TLS handshake begins with the bytes 22 and 3 (RFC 8446, section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detector {
    /// No byte has arrived.
    Start,
    /// After the first byte of a TLS record.
    TlsRecord,
    /// After white space.
    Blank,
    /// In a method.
    Method,
    /// After the blank that follows a method.
    BeforeTarget,
    /// In a target; the number of bytes of `://` that precede.
    Target(u8),
    /// After a target; the number of bytes of `HTTP/` that precede.
    Version(u8),
    /// The bytes are not those of a foreign protocol.
    Done,
}

impl Detector {
    /// A detector for a listener with this setting.
    pub(super) fn new(setting: ForeignProtocols) -> Self {
        match setting {
            ForeignProtocols::Disconnect => Self::Start,
            ForeignProtocols::Ignore => Self::Done,
        }
    }

    /// Examines the next bytes of the connection, and returns the protocol if it is a foreign one.
    pub(super) fn examine(&mut self, bytes: &[u8]) -> Option<ForeignProtocol> {
        for byte in bytes {
            if *self == Self::Done {
                break;
            }
            match self.after(*byte) {
                Ok(next) => *self = next,
                Err(protocol) => return Some(protocol),
            }
        }
        None
    }

    /// The state after `byte`.
    ///
    /// # Errors
    /// The foreign protocol, if the byte identifies one.
    fn after(self, byte: u8) -> Result<Self, ForeignProtocol> {
        const SCHEME_END: &[u8] = b"://";
        const VERSION: &[u8] = b"http/";
        let follows = |sequence: &[u8], matched: u8| {
            sequence.get(usize::from(matched)) == Some(&byte.to_ascii_lowercase())
        };
        Ok(match (self, byte) {
            (Self::Start, 22) => Self::TlsRecord,
            (Self::TlsRecord, 3) => return Err(ForeignProtocol::Tls),
            (Self::Start | Self::Blank, b'\r' | b'\n' | b' ' | b'\t') => Self::Blank,
            (Self::Start | Self::Blank | Self::Method, _) if is_method_byte(byte) => Self::Method,
            (Self::Method | Self::BeforeTarget, b' ') => Self::BeforeTarget,
            (Self::BeforeTarget, b'/' | b'*') => return Err(ForeignProtocol::Http),
            (Self::Target(2), _) if follows(SCHEME_END, 2) => return Err(ForeignProtocol::Http),
            (Self::Target(matched), _) if follows(SCHEME_END, matched) => {
                Self::Target(matched + 1)
            }
            (Self::Target(_), b' ') => Self::Version(0),
            (Self::BeforeTarget, _) if is_authority_byte(byte) => Self::Target(0),
            (Self::Target(_), _) if is_authority_byte(byte) => {
                Self::Target(u8::from(byte == b':'))
            }
            (Self::Version(0), b' ') => Self::Version(0),
            (Self::Version(4), _) if follows(VERSION, 4) => return Err(ForeignProtocol::Http),
            (Self::Version(matched), _) if follows(VERSION, matched) => {
                Self::Version(matched + 1)
            }
            (
                Self::Start
                | Self::TlsRecord
                | Self::Blank
                | Self::Method
                | Self::BeforeTarget
                | Self::Target(_)
                | Self::Version(_)
                | Self::Done,
                _,
            ) => Self::Done,
        })
    }
}

/// Whether a method may contain the byte (RFC 9110, section 5.6.2, `tchar`).
fn is_method_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a host with a port, or the scheme of a URL, may contain the byte (RFC 3986).
fn is_authority_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&()*+,;=:@[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The protocol that is detected in `bytes`, in one piece and byte by byte.
    fn detect(bytes: &[u8]) -> Option<ForeignProtocol> {
        let whole = Detector::Start.examine(bytes);
        let mut detector = Detector::Start;
        let single = bytes.iter().find_map(|byte| detector.examine(&[*byte]));
        assert_eq!(whole, single, "{}", bytes.escape_ascii());
        whole
    }

    #[test]
    fn requests_of_every_method_and_form_are_http() {
        for start in [
            "GET / HTTP/1.1\r\n",
            "POST /x?{}\r\n",
            "get / http/1.0",
            "brew /pot",
            "M-SEARCH * HTTP/1.1",
            "X!#$%&'*+-.^_`|~09 /",
            "\r\n\r\nPUT / HTTP/1.1",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "OPTIONS http://127.0.0.1/?{\"execute\"",
            "CONNECT localhost:4444 HTTP/1.1",
            "connect [::1]:4444 http/1.1",
            "GET  / HTTP/1.1",
        ] {
            assert_eq!(detect(start.as_bytes()), Some(ForeignProtocol::Http), "{start}");
        }
    }

    #[test]
    fn no_command_precedes_the_detection() {
        let requests =
            ["GET / HTTP/1.1", "CONNECT a:1 HTTP/1.1", "GET http://a/{}", "\r\nBREW *"];
        for request in requests {
            let mut detector = Detector::Start;
            let bytes = request.as_bytes();
            let at = bytes.iter().position(|byte| detector.examine(&[*byte]).is_some());
            let at = at.expect("a request is detected");
            assert!(!bytes[..at].contains(&b'{'), "{request}");
        }
    }

    #[test]
    fn a_tls_handshake_is_detected() {
        assert_eq!(detect(&[22, 3, 1, 2, 0, 1]), Some(ForeignProtocol::Tls));
        assert_eq!(detect(b"\x16{}"), None, "a control character resets QMP's parser");
        assert_eq!(detect(b" \x16\x03"), None);
    }

    #[test]
    fn qmp_and_malformed_json_are_not_foreign() {
        for start in [
            "{\"execute\": \"GET / HTTP/1.1\"}",
            " \r\n\t{'execute': 'GET /'}",
            "[\"GET /\"]",
            "'GET /'",
            "\"GET / HTTP/1.1\"",
            "true {\"execute\": \"quit\"}",
            "12 {\"execute\": \"quit\"}",
            "-1e5 [1]",
            "X {\"execute\": \"quit\"}",
            "null null {}",
            "null null null",
            "GET{ / HTTP/1.1",
            "\u{1b}{\"execute\": \"quit\"} GET / HTTP/1.1",
            "] GET / HTTP/1.1",
        ] {
            let found = detect(start.as_bytes());
            // A string in single quotes can be a method, but not one with a blank inside.
            let is_method = start == "'GET /'";
            assert_eq!(found.is_some(), is_method, "{start}");
        }
    }
}
