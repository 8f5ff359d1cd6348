//! The state of a machine as bytes: a header with the kind of machine and the version, followed by
//! what the machine writes. All numbers are big-endian.
//!
//! | bytes | contents |
//! |---|---|
//! | 8 | `qapi-vm` and a zero byte |
//! | 4 | the version of the machine's state |
//! | 1 | the length of the machine's name |
//! | 0 to 255 | the machine's name, in UTF-8 |
//! | the rest | what [`Machine::save`] writes |

use std::io::{self, BufReader, BufWriter, Read, Write};

use qapi_core::Result;

use crate::machine::Machine;
use crate::messages;

const MAGIC: [u8; 8] = *b"qapi-vm\0";

/// The bytes that are collected for one request to a node.
const BUFFER_SIZE: usize = 256 << 10;

/// Writes the state of a stopped machine.
///
/// # Errors
/// Those of the writer and of [`Machine::save`].
pub(crate) fn save(machine: &dyn Machine, writer: impl Write) -> Result<()> {
    let mut writer = BufWriter::with_capacity(BUFFER_SIZE, writer);
    let write = |writer: &mut BufWriter<_>| {
        let name = machine.name().as_bytes();
        let length = u8::try_from(name.len())
            .map_err(|_| io::Error::other("the name of the machine is too long"))?;
        writer.write_all(&MAGIC)?;
        writer.write_all(&machine.version().to_be_bytes())?;
        writer.write_all(&[length])?;
        writer.write_all(name)?;
        machine.save(writer)?;
        writer.flush()
    };
    write(&mut writer).map_err(messages::cannot_save_state)
}

/// Reads the state of a stopped machine. The reader ends where the state ends.
///
/// # Errors
/// Those of the reader and of [`Machine::load`]; the state is one of another machine, of a later
/// version, or has bytes that the machine does not read. In the last case the machine has the new
/// state, else its own.
pub(crate) fn load(machine: &dyn Machine, reader: impl Read) -> Result<()> {
    let mut reader = BufReader::with_capacity(BUFFER_SIZE, reader);
    let version = read_header(machine, &mut reader)?;
    machine.load(version, &mut reader).map_err(messages::cannot_load_state)?;
    match reader.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(messages::state_has_more_bytes()),
        Err(error) => Err(messages::cannot_load_state(error)),
    }
}

/// Reads and checks the header. Returns the version of the machine's state.
fn read_header(machine: &dyn Machine, reader: &mut impl Read) -> Result<u32> {
    let (magic, version) = (read_bytes(reader)?, u32::from_be_bytes(read_bytes(reader)?));
    if magic != MAGIC {
        return Err(messages::not_a_state());
    }
    let [length] = read_bytes(reader)?;
    let mut name = vec![0; length.into()];
    reader.read_exact(&mut name).map_err(messages::cannot_load_state)?;
    if name != machine.name().as_bytes() {
        return Err(messages::other_machine(&String::from_utf8_lossy(&name), machine.name()));
    }
    if version > machine.version() {
        return Err(messages::later_version(version, machine.version()));
    }
    Ok(version)
}

fn read_bytes<const N: usize>(reader: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(messages::cannot_load_state)?;
    Ok(bytes)
}
