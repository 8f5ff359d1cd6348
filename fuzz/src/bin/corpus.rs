//! Writes the recorded cases as files, for libFuzzer to start from.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("Usage: corpus FOLDER");
        return ExitCode::FAILURE;
    };
    for (number, seed) in qapi_fuzz::corpus::all().iter().enumerate() {
        if let Err(error) = std::fs::write(folder.join(format!("case-{number}")), seed) {
            eprintln!("corpus: {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
