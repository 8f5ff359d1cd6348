//! Addresses of servers.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The forms of an address, for the help and for errors.
pub(crate) const FORMS: &str =
    "unix:PATH, a path, tcp:HOST:PORT, vsock:CID:PORT, exec:COMMAND or ssh:HOST:PATH";

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// The path of a unix socket.
    Unix(PathBuf),
    /// A TCP port.
    Tcp { host: String, port: u16 },
    /// A port of a virtual machine, or of the host (CID 2).
    Vsock { cid: u32, port: u32 },
    /// A program, with its arguments, that serves its standard input and output.
    Exec(Vec<String>),
    /// The path of a unix socket on another host.
    Ssh { host: String, path: String },
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("unix", path)) => path_of(path),
            Some(("tcp", rest)) => tcp(rest),
            Some(("vsock", rest)) => vsock(rest),
            Some(("exec", command)) => exec(command),
            Some(("ssh", rest)) => ssh(rest),
            Some((kind, _)) if !kind.contains('/') && !kind.starts_with('.') => Err(format!(
                "`{kind}:` is no kind of address; write {FORMS}; for a file of this name ./{text}"
            )),
            _ => path_of(text),
        }
    }
}

fn path_of(path: &str) -> Result<Address, String> {
    match path {
        "" => Err("the path is empty".to_owned()),
        _ => Ok(Address::Unix(path.into())),
    }
}

fn tcp(rest: &str) -> Result<Address, String> {
    let form = "write tcp:HOST:PORT, and an IPv6 address as tcp:[::1]:4444";
    let (host, port) = rest.rsplit_once(':').ok_or_else(|| format!("no port; {form}"))?;
    let port = port.parse().map_err(|_| format!("`{port}` is no port; {form}"))?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if bare.is_empty() || (bare == host && bare.contains(':')) {
        return Err(format!("`{host}` is no host; {form}"));
    }
    Ok(Address::Tcp { host: bare.to_owned(), port })
}

fn vsock(rest: &str) -> Result<Address, String> {
    let numbers = rest.split_once(':').and_then(|(cid, port)| {
        Some(Address::Vsock { cid: cid.parse().ok()?, port: port.parse().ok()? })
    });
    numbers.ok_or_else(|| "write vsock:CID:PORT with two numbers".to_owned())
}

fn exec(command: &str) -> Result<Address, String> {
    match shlex::split(command) {
        None => Err("a quotation mark or backslash has no end".to_owned()),
        Some(words) if words.is_empty() => Err("the command is empty".to_owned()),
        Some(words) => Ok(Address::Exec(words)),
    }
}

fn ssh(rest: &str) -> Result<Address, String> {
    let form = "write ssh:HOST:PATH with an absolute path";
    let (host, path) = rest.split_once(":/").ok_or_else(|| form.to_owned())?;
    // `ssh` would take such a host for an option.
    if host.is_empty() || host.starts_with('-') {
        return Err(format!("`{host}` is no host; {form}"));
    }
    // `ssh -L` separates the two paths by a colon.
    if path.contains(':') {
        return Err("the path contains a colon, which ssh cannot forward".to_owned());
    }
    Ok(Address::Ssh { host: host.to_owned(), path: format!("/{path}") })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
            Self::Vsock { cid, port } => write!(f, "vsock:{cid}:{port}"),
            Self::Exec(words) => write!(f, "exec:{}", words.join(" ")),
            Self::Ssh { host, path } => write!(f, "ssh:{host}:{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    fn parsed(text: &str) -> Address {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn each_form_is_read_and_shown() {
        for (text, shown) in [
            ("unix:/run/a.sock", "/run/a.sock"),
            ("unix:a:b", "a:b"),
            ("a.sock", "a.sock"),
            ("./tcp:1", "./tcp:1"),
            ("/run/x:y", "/run/x:y"),
            ("tcp:localhost:4444", "tcp:localhost:4444"),
            ("tcp:[::1]:4444", "tcp:[::1]:4444"),
            ("vsock:3:1024", "vsock:3:1024"),
            ("exec:qsd --name 'a b'", "exec:qsd --name a b"),
            ("ssh:me@host:/run/a.sock", "ssh:me@host:/run/a.sock"),
        ] {
            assert_eq!(parsed(text).to_string(), shown);
        }
        let words = ["qsd", "--name", "a b"].map(str::to_owned).to_vec();
        assert_eq!(parsed("exec:qsd --name 'a b'"), Address::Exec(words));
    }

    #[test]
    fn each_mistake_is_named() {
        for (text, error) in [
            ("", "the path is empty"),
            ("unix:", "the path is empty"),
            ("udp:host:1", "`udp:` is no kind of address"),
            ("tcp:host", "no port"),
            ("tcp:host:70000", "`70000` is no port"),
            ("tcp:::1:4444", "`::1` is no host"),
            ("tcp::4444", "`` is no host"),
            ("vsock:any:1", "write vsock:CID:PORT"),
            ("exec:", "the command is empty"),
            ("exec:a 'b", "a quotation mark or backslash has no end"),
            ("ssh:host", "write ssh:HOST:PATH"),
            ("ssh:-oProxyCommand=x:/a", "`-oProxyCommand=x` is no host"),
            ("ssh:host:/a:b", "the path contains a colon"),
        ] {
            let found = text.parse::<Address>().expect_err(text);
            assert!(found.starts_with(error), "{text}: {found}");
        }
    }
}
