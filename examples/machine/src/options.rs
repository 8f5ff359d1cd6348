//! The command line: the options of the storage daemon, and a few of the machine.

use std::ffi::OsString;

use storage_daemon::options::{Invocation, OptionError, Settings};

/// The output of `--help`.
pub(crate) const HELP: &str = "\
Usage: machine [options]
Runs a small RISC-V machine, for clients that speak QMP. The guest counts, and writes each
number to its disk.

  --disk NODE            the block node with the contents of the disk; without one, each
                         request to the disk fails
  --run                  let the machine run from the start

and the options of storage-daemon, except --daemonize:

";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Show the help.
    Help,
    /// Run a machine.
    Run(Box<Options>),
}

/// The options of a machine.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The node with the contents of the disk.
    pub(crate) disk: Option<String>,
    /// Whether the machine runs from the start.
    pub(crate) run: bool,
    /// The options of the storage daemon.
    pub(crate) settings: Settings,
}

impl Command {
    /// Parses the command line, without the program's name.
    ///
    /// # Errors
    /// Those of [`Invocation::parse`]; the machine does not have an option of the storage daemon.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, OptionError> {
        let (mut disk, mut run) = (None, false);
        let mut rest = Vec::new();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--run") => run = true,
                Some("--disk") => {
                    let name = arguments.next().and_then(|name| name.into_string().ok());
                    disk = Some(name.ok_or(OptionError::ArgumentMissing("disk"))?);
                }
                _ => rest.push(argument),
            }
        }
        if rest.is_empty() {
            return Ok(Self::Help);
        }
        let settings = match Invocation::parse(rest)? {
            Invocation::Serve(settings) => *settings,
            Invocation::Help => return Ok(Self::Help),
            Invocation::Demo => return Err(unsupported("demo")),
            Invocation::Version => return Err(unsupported("version")),
            Invocation::ListCommands => return Err(unsupported("list-commands")),
        };
        if settings.daemonize {
            return Err(unsupported("daemonize"));
        }
        Ok(Self::Run(Box::new(Options { disk, run, settings })))
    }
}

fn unsupported(option: &str) -> OptionError {
    OptionError::Unrecognized(format!("--{option}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Command, OptionError> {
        Command::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn options_of_the_machine_stand_between_those_of_the_daemon() {
        let arguments = ["--monitor", "m", "--disk", "d0", "--chardev", "stdio,id=m", "--run"];
        let Ok(Command::Run(options)) = parse(&arguments) else { panic!("it is a machine") };
        let Options { disk, run, settings } = *options;
        assert_eq!((disk.as_deref(), run, settings.steps.len()), (Some("d0"), true, 2));
    }

    #[test]
    fn other_command_lines_are_refused_or_ask_for_help() {
        let table: [(&[&str], Result<Command, &str>); 6] = [
            (&[], Ok(Command::Help)),
            (&["--help"], Ok(Command::Help)),
            (&["--monitor", "m", "--disk"], Err("option '--disk' requires an argument")),
            (&["--monitor", "m", "--daemonize"], Err("unrecognized option '--daemonize'")),
            (&["--version"], Err("unrecognized option '--version'")),
            (&["--bogus"], Err("unrecognized option '--bogus'")),
        ];
        for (arguments, expected) in table {
            let parsed = parse(arguments).map_err(|error| error.to_string());
            assert_eq!(parsed, expected.map_err(str::to_owned), "{arguments:?}");
        }
    }
}
