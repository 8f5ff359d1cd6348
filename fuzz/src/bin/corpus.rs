//! Writes the initial corpus of a target as files, for libFuzzer to start from.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(target), Some(folder)) = (arguments.next(), arguments.next().map(PathBuf::from))
    else {
        eprintln!("Usage: corpus TARGET FOLDER");
        return ExitCode::FAILURE;
    };
    let is_nbd = target == "nbd";
    let seeds = if is_nbd { qapi_fuzz::nbd::seeds() } else { qapi_fuzz::corpus::all() };
    for (number, seed) in seeds.iter().enumerate() {
        if let Err(error) = std::fs::write(folder.join(format!("case-{number}")), seed) {
            eprintln!("corpus: {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
