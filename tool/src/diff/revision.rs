//! Files of a git revision, from a process of `git`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use qapi_schema::read_from;

use crate::path::without_dots;

/// The files of a revision, in the repository of the working directory.
pub(super) struct Revision {
    name: String,
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Revision {
    /// Starts `git`. Whether the revision exists is known when a file is read.
    ///
    /// # Errors
    /// The program cannot be started, or the name has a line feed.
    pub(super) fn open(name: &str) -> io::Result<Self> {
        let mut command = Command::new("git");
        command.args(["cat-file", "--batch", "--follow-symlinks"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("cannot start git: {error}"))
            })?;
        let (requests, replies) = (child.stdin.take(), child.stdout.take());
        let (Some(requests), Some(replies)) = (requests, replies) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let replies = BufReader::new(replies);
        Ok(Self { name: name.to_owned(), child, requests, replies })
    }

    /// The text of a file. The path begins at the root of the repository, or with `./` at the
    /// working directory.
    pub(super) fn read(&mut self, path: &Path) -> io::Result<String> {
        let start = if path.starts_with("./") { "./" } else { "" };
        let request = format!("{}:{start}{}", self.name, without_dots(path));
        if request.contains('\n') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a name has a line feed"));
        }
        // A `git` that has ended has written why.
        let _ = writeln!(self.requests, "{request}");
        let mut header = String::new();
        self.replies.read_line(&mut header)?;
        let mut words = header.trim_end().rsplit(' ');
        let size = words.next().and_then(|word| word.parse::<u64>().ok());
        match (words.next(), size) {
            (Some("blob"), Some(size)) => {
                let mut content = (&mut self.replies).take(size);
                let text = read_from(&mut content);
                // What is beyond the limit precedes the next reply.
                io::copy(&mut content, &mut io::sink())?;
                self.replies.read_exact(&mut [0])?;
                text
            }
            _ if header.is_empty() => Err(self.reason()),
            _ => {
                let text = format!("git has no file `{request}`");
                Err(io::Error::new(io::ErrorKind::NotFound, text))
            }
        }
    }

    /// Why `git` has ended: the first line that it wrote.
    fn reason(&mut self) -> io::Error {
        let mut text = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            let _ = stderr.take(4096).read_to_string(&mut text);
        }
        let line = text.lines().next().unwrap_or("git has ended");
        io::Error::other(line.to_owned())
    }
}

impl Drop for Revision {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
