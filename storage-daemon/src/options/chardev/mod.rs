//! `--chardev`: character devices, through some of which the clients of a monitor connect.
//!
//! The syntax is the older of QEMU's two syntaxes. Keys are flat, `NAME` is short for `NAME=on`,
//! and `noNAME` is short for `NAME=off`.

mod device;
mod parameters;
mod socket;

pub use socket::{SocketAddress, SocketOptions, SocketRole, TcpAddress};

use qapi_core::Result;

use super::messages;
use crate::schema::chardev::ChardevBackend;
use parameters::Parameters;

/// A character device, as the command line describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevOptions {
    /// The ID by which a monitor refers to the device.
    pub id: String,
    /// The kind.
    pub backend: ChardevKind,
}

/// The kind of a character device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChardevKind {
    /// A socket on which this program listens, or to which this program connects.
    Socket(SocketOptions),
    /// A device of another kind.
    Other(ChardevBackend),
}

impl ChardevOptions {
    /// Parses the argument of `--chardev`. Calls `warn` about deprecated syntax.
    ///
    /// # Errors
    /// A parameter is unknown, malformed or missing; the backend is not supported.
    pub fn parse(text: &str, warn: impl FnMut(String)) -> Result<Self> {
        let parameters = Parameters::parse(text, warn)?;
        let id = parameters.id.clone().ok_or_else(messages::chardev_without_id)?;
        let backend = parameters.backend.as_deref();
        let backend = backend.ok_or_else(|| messages::chardev_without_backend(&id))?;
        let backend = match backend {
            "socket" => ChardevKind::Socket(socket::socket(&parameters)?),
            kind => ChardevKind::Other(device::device(kind, &parameters)?),
        };
        Ok(Self { id, backend })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::socket::SOCKET_PATH_LIMIT;
    use super::*;
    use crate::schema::chardev_options::{ChardevCommon, ChardevRingbuf, ChardevStdio};
    use crate::schema::chardev_wrappers::{ChardevRingbufWrapper, ChardevStdioWrapper};

    fn parse(text: &str) -> Result<ChardevOptions> {
        ChardevOptions::parse(text, |_| {})
    }

    fn server(address: SocketAddress, wait: bool) -> ChardevKind {
        ChardevKind::Socket(SocketOptions { address, role: SocketRole::Server { wait } })
    }

    fn client(address: SocketAddress, reconnect_ms: Option<u64>) -> ChardevKind {
        let reconnect = reconnect_ms.map(Duration::from_millis);
        ChardevKind::Socket(SocketOptions { address, role: SocketRole::Client { reconnect } })
    }

    fn unix(path: &str) -> SocketAddress {
        SocketAddress::Unix(path.into())
    }

    fn tcp(host: &str, port: u16, to: u16, ipv4: bool, ipv6: bool) -> SocketAddress {
        SocketAddress::Tcp(TcpAddress { host: host.to_owned(), port, to, ipv4, ipv6 })
    }

    fn stdio(signal: Option<bool>) -> ChardevKind {
        let data = ChardevStdio { common: ChardevCommon::default(), signal };
        ChardevKind::Other(ChardevBackend::Stdio(ChardevStdioWrapper { data }))
    }

    fn ring(size: Option<i64>, logfile: Option<&str>) -> ChardevKind {
        let logfile = logfile.map(str::to_owned);
        let common = ChardevCommon { logfile, logappend: None };
        let data = ChardevRingbuf { common, size };
        ChardevKind::Other(ChardevBackend::Ringbuf(ChardevRingbufWrapper { data }))
    }

    #[test]
    fn supported_backends_are_accepted() {
        let table = [
            ("socket,id=m,path=/s,server=on,wait=off", "m", server(unix("/s"), false)),
            ("backend=socket,id=m,path=/s,server=on", "m", server(unix("/s"), true)),
            ("socket,path=a,,b,server=y,wait=n,id=x.1_-", "x.1_-", server(unix("a,b"), false)),
            ("socket,id=m,path=/s,server,nowait", "m", server(unix("/s"), false)),
            ("socket,id=m,path=/s,path=/t,server=off,server=on", "m", server(unix("/t"), true)),
            ("socket,id=m,path=@s,server=on", "m", server(unix("@s"), true)),
            (
                "socket,id=m,path=s,abstract=on,server=on,wait=off",
                "m",
                server(SocketAddress::Abstract(b"s".to_vec()), false),
            ),
            ("socket,id=m,fd=7,server=on,wait=off", "m", server(SocketAddress::Fd(7), false)),
            ("socket,id=m,path=/s", "m", client(unix("/s"), None)),
            ("socket,id=m,path=/s,server=off,reconnect=2", "m", client(unix("/s"), Some(2000))),
            ("socket,id=m,path=/s,reconnect-ms=250", "m", client(unix("/s"), Some(250))),
            ("socket,id=m,path=/s,reconnect-ms=0", "m", client(unix("/s"), None)),
            ("ringbuf,id=r", "r", ring(None, None)),
            ("ringbuf,id=r,size=4k,logfile=/l", "r", ring(Some(4096), Some("/l"))),
            ("stdio,id=s", "s", stdio(None)),
            ("stdio,id=s,id=t,id=1", "s", stdio(None)),
            ("stdio,id=s,signal=off", "s", stdio(Some(false))),
        ];
        for (text, id, backend) in table {
            assert_eq!(parse(text), Ok(ChardevOptions { id: id.to_owned(), backend }), "{text}");
        }
    }

    #[test]
    fn ports_are_on_the_loopback_interface_by_default() {
        let table = [
            ("port=5", tcp("127.0.0.1", 5, 5, true, true)),
            ("host=h,port=5,to=9,nodelay=on", tcp("h", 5, 9, true, true)),
            ("host=,port=5,ipv4=on", tcp("", 5, 5, true, false)),
            ("host=h,port=5,ipv4=off", tcp("h", 5, 5, false, true)),
            ("host=h,port=5,ipv6=on", tcp("h", 5, 5, false, true)),
            ("host=h,port=5,ipv6=on,ipv4=on,to=70000", tcp("h", 5, 65535, true, true)),
        ];
        for (text, address) in table {
            let found = parse(&format!("socket,id=m,server=on,wait=off,{text}"));
            assert_eq!(found.expect(text).backend, server(address, false), "{text}");
        }
    }

    #[test]
    fn errors_have_qemus_texts() {
        let identifier = "Parameter 'id' expects an identifier\nIdentifiers consist of letters, \
                          digits, '-', '.', '_', starting with a letter.";
        let count = "Parameter 'size' expects a non-negative number below 2^64\n\
                     Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\n\
                     and exabytes, respectively.";
        let table = [
            ("", "chardev: no id specified"),
            ("socket", "chardev: no id specified"),
            ("id=a,path=/s,server=on", "chardev: \"a\" missing backend"),
            ("bad,id=x", "'bad' is not a valid char driver name"),
            ("socket,,id=a,id=b", "'socket,id=a' is not a valid char driver name"),
            ("vc,id=v", "'vc' is not a valid char driver name"),
            ("file,id=f", "chardev: file: no filename given"),
            ("pipe,id=p", "chardev: pipe: no device path given"),
            ("ringbuf,id=r,size=16E", count),
            ("ringbuf,id=r,size=k", count),
            ("stdio,id=", identifier),
            ("stdio,id=9", identifier),
            ("stdio,id=a b", identifier),
            ("socket,id=a,path=/s,server=on,bogus=1", "Invalid parameter 'bogus'"),
            ("socket,id=a,path=/s,server=maybe", "Parameter 'server' expects 'on' or 'off'"),
            (
                "socket,id=a,path=/s,wait=off",
                "'wait' option is incompatible with socket in client connect mode",
            ),
            (
                "socket,id=a,path=/s,server=on,reconnect=1",
                "'reconnect' option is incompatible with socket in server listen mode",
            ),
            (
                "socket,id=a,path=/s,reconnect=1,reconnect-ms=1",
                "'reconnect' and 'reconnect-ms' are mutually exclusive",
            ),
            (
                "socket,id=a,port=1,delay=on,nodelay=on",
                "'delay' and 'nodelay' are mutually exclusive",
            ),
            ("socket,id=a,path=/s,reconnect-ms=x", "Parameter 'reconnect-ms' expects a number"),
            ("socket,id=a,host=h,server=on", "chardev: socket: no port given"),
            ("socket,id=a,server=on", "One of 'path', 'fd', 'host' and 'port' is required"),
            ("socket,id=a,fd=x", "Unable to parse FD number x"),
            (
                "socket,id=a,path=/s,fd=3",
                "None or one of 'path', 'fd' or 'host' option required.",
            ),
            (
                "socket,id=a,host=h,port=ftp",
                "address resolution failed for h:ftp: Servname not supported for ai_socktype",
            ),
            (
                "socket,id=a,host=h,port=1,ipv4=off,ipv6=off",
                "Cannot disable IPv4 and IPv6 at same time",
            ),
            ("socket,id=a,port=1,telnet=on", "Parameter 'telnet' is not supported"),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).expect_err(text).desc(), expected, "{text}");
        }
    }

    #[test]
    fn a_socket_path_has_the_kernels_limit() {
        let longest = "x".repeat(SOCKET_PATH_LIMIT);
        assert!(parse(&format!("socket,id=a,server=on,path={longest}")).is_ok());
        let error = parse(&format!("socket,id=a,server=on,path={longest}x"));
        let text = error.expect_err("too long").to_string();
        assert!(text.ends_with("is too long\nPath must be less than 108 bytes"), "{text}");
        // A zero byte precedes an abstract name.
        let longest = "x".repeat(SOCKET_PATH_LIMIT - 1);
        assert!(parse(&format!("socket,id=a,server=on,abstract=on,path={longest}")).is_ok());
        let error = parse(&format!("socket,id=a,server=on,abstract=on,path={longest}x"));
        let text = error.expect_err("too long").to_string();
        assert!(text.ends_with("is too long\nPath must be less than 107 bytes"), "{text}");
    }
}
