//! Runs inputs in other processes, so that an abort or a hang ends only the process of one input.

use std::io::{self, BufRead, BufReader, Write};
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, setrlimit};

use crate::check::Checker;
use crate::fault::{Fault, FaultClass};

/// How long an input may take. QEMU loops on some images, until the time for its replies is over.
const INPUT_TIME: Duration = Duration::from_secs(60);
/// The most memory for data in bytes: 128 MiB for the block layer, and 64 MiB for the contents that
/// the fuzzer compares.
const MEMORY: u64 = (128 + 64) << 20;

/// The inputs to run, and how.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The kind of the image.
    pub kind: String,
    /// The seeds.
    pub seeds: Range<u64>,
    /// QEMU's storage daemon, to compare with.
    pub qemu: Option<PathBuf>,
}

/// Runs inputs with the worker `program`, which calls [`work`]. Calls `report` for each fault.
///
/// # Errors
/// The program cannot be started.
pub fn run(program: &Path, inputs: &Inputs, mut report: impl FnMut(Fault)) -> io::Result<()> {
    let mut next = inputs.seeds.start;
    while next < inputs.seeds.end {
        let mut worker = Worker::start(program, inputs, next)?;
        let ending = loop {
            match worker.lines.recv_timeout(INPUT_TIME) {
                Ok(line) => match line.split_once(' ') {
                    Some(("seed", seed)) => next = seed.parse().unwrap_or(next),
                    Some((kind, fault)) if kind == inputs.kind => {
                        report_line(&inputs.kind, fault, &mut report);
                    }
                    _end => return Ok(()),
                },
                Err(RecvTimeoutError::Timeout) => break (FaultClass::Hang, String::new()),
                Err(RecvTimeoutError::Disconnected) => {
                    break (FaultClass::Abort, worker.error()?);
                }
            }
        };
        let (class, text) = ending;
        report(Fault { kind: inputs.kind.clone(), seed: next, class, text });
        next += 1;
    }
    Ok(())
}

/// Parses the rest of a line of a worker with a fault.
fn report_line(kind: &str, line: &str, report: &mut impl FnMut(Fault)) {
    let mut words = line.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (seed, class, text) = (word().parse().unwrap_or(0), word(), word().to_owned());
    if let Some(class) = FaultClass::parse(class) {
        report(Fault { kind: kind.to_owned(), seed, class, text });
    }
}

/// A process that runs inputs. It is killed when it is dropped.
struct Worker {
    process: Child,
    lines: Receiver<String>,
}

impl Worker {
    fn start(program: &Path, inputs: &Inputs, first: u64) -> io::Result<Self> {
        let mut process = Command::new(program)
            .args(["worker", &inputs.kind, &first.to_string(), &inputs.seeds.end.to_string()])
            .args(&inputs.qemu)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // The group includes the daemons that the worker starts.
            .process_group(0)
            .spawn()?;
        let output = process.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let all = BufReader::new(output).lines().map_while(Result::ok);
            all.for_each(|line| drop(sender.send(line)));
        });
        Ok(Worker { process, lines })
    }

    /// The status with which the process has ended, and the last line of its errors.
    fn error(&mut self) -> io::Result<String> {
        let status = self.process.wait()?;
        let errors = self.process.stderr.take().map(BufReader::new);
        let lines = errors.into_iter().flat_map(|errors| errors.lines().map_while(Result::ok));
        let last = lines.filter(|line| !line.trim().is_empty()).last().unwrap_or_default();
        Ok(format!("{status}: {last}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The processes may have ended already.
        let _ = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
        let _ = self.process.wait();
    }
}

/// The work of a worker: runs inputs, and writes each seed and each fault to the standard output.
///
/// # Errors
/// The images or the output cannot be written.
pub fn work(inputs: &Inputs) -> io::Result<()> {
    setrlimit(Resource::Data, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) })?;
    Checker::record_panics();
    let mut checker = Checker::new(&inputs.kind, inputs.qemu.clone())?;
    for seed in inputs.seeds.clone() {
        writeln!(io::stdout(), "seed {seed}")?;
        for fault in checker.run(seed)? {
            writeln!(io::stdout(), "{fault}")?;
        }
    }
    writeln!(io::stdout(), "end")
}

/// Writes the answers of QEMU for the inputs to the standard output.
///
/// # Errors
/// The images or the output cannot be written.
pub fn record(inputs: &Inputs) -> io::Result<()> {
    let mut checker = Checker::new(&inputs.kind, inputs.qemu.clone())?;
    for seed in inputs.seeds.clone() {
        let answer = checker.answer(seed)?;
        writeln!(io::stdout(), "{seed} {answer}")?;
    }
    Ok(())
}
