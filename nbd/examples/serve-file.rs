//! Serves a file: `serve-file FILE SOCKET`.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use nbd::{Disk, Export, Server, ServerOptions, ZeroOptions};

struct FileDisk(File);

impl Disk for FileDisk {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }

    fn write_zeroes(&self, offset: u64, length: u64, options: ZeroOptions) -> io::Result<()> {
        if options.fast_only {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let zeroes = [0; 65536];
        let end = offset + length;
        for at in (offset..end).step_by(zeroes.len()) {
            self.write(at, &zeroes[..zeroes.len().min((end - at) as usize)])?;
        }
        Ok(())
    }

    fn discard(&self, _offset: u64, _length: u64) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(socket)) = (arguments.next(), arguments.next()) else {
        return Err("usage: serve-file FILE SOCKET".into());
    };
    let file = OpenOptions::new().read(true).write(true).open(file)?;
    let server = Server::unix(UnixListener::bind(socket)?, ServerOptions::default())?;
    server.add(Export::new("disk", Arc::new(FileDisk(file)))?.writable(true))?;
    println!("serving until the end of the input");
    io::stdin().lines().for_each(drop);
    Ok(())
}
