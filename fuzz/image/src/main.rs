//! Runs inputs of damaged images: `image-fuzz KIND|all FIRST LAST [QEMU-STORAGE-DAEMON]`.
//!
//! Without QEMU's daemon, the inputs are compared with the recorded answers, which the seeds from 0
//! to 99 have. `image-fuzz record KIND FIRST LAST QEMU-STORAGE-DAEMON` prints answers to record.
//! `image-fuzz place KIND SEED FOLDER` writes the damaged image of a seed to an existing folder.
//! `image-fuzz live KIND|all FIRST LAST QEMU-STORAGE-DAEMON STORAGE-DAEMON` runs the inputs with a
//! live daemon.
//!
//! Prints the faults, and at the end the number of faults of each class. The status is 1 if there
//! are faults.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use image_fuzz::base::KINDS;
use image_fuzz::check::Checker;
use image_fuzz::compare_live::LivePair;
use image_fuzz::fault::Fault;
use image_fuzz::supervise::{self, Inputs};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let first = arguments.first().map(String::as_str);
    let task = match first {
        Some("worker") => Some(supervise::work as fn(&Inputs) -> io::Result<()>),
        Some("record") => Some(supervise::record as fn(&Inputs) -> io::Result<()>),
        _kind => None,
    };
    if let [command, kind, seed, folder] = arguments.as_slice()
        && command == "place"
    {
        return exit_code(place(kind, seed, folder));
    }
    let is_live = first == Some("live");
    if task.is_some() || is_live {
        arguments.remove(0);
    }
    let [kind, first, end, reference @ ..] = arguments.as_slice() else {
        eprintln!("usage: image-fuzz KIND|all FIRST END [QEMU-STORAGE-DAEMON]");
        return ExitCode::from(2);
    };
    let (Ok(first), Ok(end)) = (first.parse(), end.parse()) else {
        eprintln!("FIRST and END are the seeds of the first input and after the last one");
        return ExitCode::from(2);
    };
    let qemu = reference.first().map(PathBuf::from);
    let inputs =
        |kind: &str| Inputs { kind: kind.to_owned(), seeds: first..end, qemu: qemu.clone() };
    if let Some(task) = task {
        return exit_code(task(&inputs(kind)));
    }
    let kinds = KINDS.iter().map(|(name, _)| *name).filter(|name| kind == "all" || kind == name);
    let mut failed = false;
    for kind in kinds {
        failed |= match reference {
            [theirs, ours] if is_live => report(&inputs(kind), |report| {
                live(&inputs(kind), ours.into(), theirs.into(), report)
            }),
            _reference => report(&inputs(kind), |report| {
                supervise::run(&std::env::current_exe()?, &inputs(kind), report)
            }),
        };
    }
    ExitCode::from(u8::from(failed))
}

/// Writes the damaged image of a seed to a folder, and prints what is done with it.
fn place(kind: &str, seed: &str, folder: &str) -> io::Result<()> {
    let checker = Checker::new(kind, None)?;
    let input = checker.input(seed.parse().map_err(io::Error::other)?)?;
    checker.place_in(Path::new(folder), &input)?;
    println!("{:?}", input.plan.steps);
    Ok(())
}

fn exit_code(done: io::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Has a live daemon run inputs.
fn live(
    inputs: &Inputs,
    ours: PathBuf,
    theirs: PathBuf,
    report: &mut dyn FnMut(Fault),
) -> io::Result<()> {
    let mut pair = LivePair::new(&inputs.kind, ours, theirs)?;
    for seed in inputs.seeds.clone() {
        pair.run(seed)?.into_iter().for_each(&mut *report);
    }
    Ok(())
}

/// Runs inputs and prints their faults. Returns whether there are any.
fn report(inputs: &Inputs, run: impl FnOnce(&mut dyn FnMut(Fault)) -> io::Result<()>) -> bool {
    let start = Instant::now();
    let mut counts = BTreeMap::new();
    let result = run(&mut |fault| {
        println!("{fault}");
        *counts.entry(fault.class.name()).or_insert(0) += 1;
    });
    let (count, seconds) = (inputs.seeds.end - inputs.seeds.start, start.elapsed().as_secs());
    println!("== {}: {count} inputs, {seconds} s, {counts:?}", inputs.kind);
    if let Err(error) = &result {
        println!("{}: {error}", inputs.kind);
    }
    result.is_err() || !counts.is_empty()
}
