//! A small virtual machine monitor: a RISC-V processor, memory, a timer and a disk, for clients
//! that speak QMP.
//!
//! It shows how a program serves a machine of its own. The program implements [`vm::Machine`], and
//! hands the machine to [`vm::VirtualMachine`]. Block nodes, block jobs and exports are those of
//! the storage daemon, whose library it extends. The commands of all linked crates are served
//! without further code.
//!
//! ```console
//! $ qemu-img create -f qcow2 disk.qcow2 4M
//! $ machine --blockdev qcow2,node-name=d0,file.driver=file,file.filename=disk.qcow2 --disk d0 \
//!     --chardev socket,id=m,path=machine.sock,server=on,wait=off --monitor m --run
//! ```
//!
//! The files, in reading order:
//!
//! - `guest.rs`: the program that the guest runs.
//! - `ram.rs`: where the RAM is.
//! - `disk.rs`: the disk, and the block node that has its contents.
//! - `memory.rs`: the address space, with RAM and the registers of the devices.
//! - `board.rs`: the processor with all of these, and its state as bytes.
//! - `machine.rs`: the thread that runs the board, and the trait that stops it.
//! - `commands.rs`: a command of this program.
//! - `options.rs`: the command line.

mod board;
mod commands;
mod disk;
mod guest;
mod machine;
mod memory;
mod options;
mod ram;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use qapi_core::ServerVersion;
use storage_daemon::daemon::{self, Setup};
use storage_daemon::options::{HELP, OptionError};
use tokio::signal::unix::{Signal, SignalKind, signal};
use vm::{ShutdownCause, VirtualMachine};

use machine::RiscvMachine;
use options::{Command, Options};

fn main() -> ExitCode {
    match carry_out() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Unlike `eprintln!`, this does not panic if standard error is closed.
            let _ = writeln!(io::stderr(), "{}: {error}", env!("CARGO_PKG_NAME"));
            ExitCode::FAILURE
        }
    }
}

fn carry_out() -> Result<(), Box<dyn Error>> {
    match Command::parse(std::env::args_os().skip(1))? {
        Command::Help => {
            let mut out = io::stdout();
            out.write_all(options::HELP.as_bytes())?;
            out.write_all(HELP.as_bytes())?;
        }
        Command::Run(options) => {
            let Options { disk, run, settings } = *options;
            let extend = async |setup: &mut Setup| add_machine(setup, disk.as_deref(), run).await;
            daemon::run_extended(&settings, extend, |_shutdown| Ok(()))?;
        }
    }
    Ok(())
}

/// Adds the machine to a daemon whose nodes are open.
async fn add_machine(
    setup: &mut Setup,
    disk: Option<&str>,
    run: bool,
) -> Result<(), OptionError> {
    let failed = |error| OptionError::Failed {
        name: "disk",
        argument: disk.unwrap_or_default().to_owned(),
        error,
    };
    let disk = disk.map(|name| disk::attach(setup.graph(), name)).transpose().map_err(failed)?;
    let machine = RiscvMachine::new(disk).map_err(|error| failed(error.into()))?;
    let signals = Signals::new().map_err(|error| failed(error.into()))?;
    let vm = VirtualMachine::new(machine.clone(), setup.events());
    if run {
        vm.turn().await.cont().await.map_err(failed)?;
    }
    let package = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    setup.set_version(ServerVersion::with_package(package));
    setup.change_server(|server| {
        server.state(vm.clone()).state(machine.clone()).on_shutdown(async move {
            if let Err(error) = vm.turn().await.shut_down(signals.cause()).await {
                tracing::error!(%error, "the machine does not stop");
            }
            machine.end();
        })
    });
    Ok(())
}

/// The signals that end the program.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    /// Why the program ends: a signal, or else the command `quit`.
    fn cause(mut self) -> ShutdownCause {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let received = self.0.iter_mut().any(|signal| signal.poll_recv(&mut context).is_ready());
        if received { ShutdownCause::HostSignal } else { ShutdownCause::HostQmpQuit }
    }
}
