//! The command line, cut into options: which there are, how they are abbreviated, which take an
//! argument.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use super::error::OptionError;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Nothing: show what this program can do.
    Demo,
    /// `--help`
    Help,
    /// `--version`
    Version,
    /// `--list-commands`
    ListCommands,
    /// To be a daemon.
    Serve(Settings),
}

/// How the daemon is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether to go to the background once everything is ready.
    pub daemonize: bool,
    /// Where to write the process's number; it is written after the last step.
    pub pidfile: Option<PathBuf>,
    /// What to set up, in this order.
    pub steps: Vec<Step>,
}

/// One thing to set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// Its description, not looked at yet: an earlier step may fail first.
    pub argument: String,
}

/// What a step sets up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// A place where clients come from.
    Chardev,
    /// QMP for the clients that come from there.
    Monitor,
    /// A block node.
    Blockdev,
}

impl StepKind {
    /// The option's name.
    pub fn option(self) -> &'static str {
        match self {
            Self::Chardev => "chardev",
            Self::Monitor => "monitor",
            Self::Blockdev => "blockdev",
        }
    }
}

/// The options that there are, each with what its long name stands for.
const OPTIONS: [(&str, Meaning); 8] = [
    ("help", Meaning::Only(Invocation::Help)),
    ("version", Meaning::Only(Invocation::Version)),
    ("list-commands", Meaning::Only(Invocation::ListCommands)),
    ("blockdev", Meaning::Step(StepKind::Blockdev)),
    ("chardev", Meaning::Step(StepKind::Chardev)),
    ("daemonize", Meaning::Daemonize),
    ("monitor", Meaning::Step(StepKind::Monitor)),
    ("pidfile", Meaning::Pidfile),
];

/// What an option does.
enum Meaning {
    /// It is all that is asked for; whatever else is said is not looked at.
    Only(Invocation),
    Step(StepKind),
    Daemonize,
    Pidfile,
}

impl Invocation {
    /// Reads the command line, without the program's name.
    ///
    /// # Errors
    /// An option that does not exist, or has no argument where it needs one or one where it takes
    /// none; an argument that belongs to no option.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, OptionError> {
        let mut parser = Parser::from_args(arguments);
        let mut settings = Settings::default();
        let mut stray = None;
        let mut is_empty = true;
        while let Some(argument) = parser.next().map_err(malformed)? {
            is_empty = false;
            let (name, meaning) = match argument {
                Arg::Short('h') => return Ok(Self::Help),
                Arg::Short('V') => return Ok(Self::Version),
                Arg::Short(letter) => return Err(OptionError::UnrecognizedShort(letter)),
                Arg::Long(given) => look_up(given)?,
                Arg::Value(value) => {
                    stray.get_or_insert(value);
                    continue;
                }
            };
            match meaning {
                Meaning::Only(invocation) => {
                    no_argument(&mut parser, name)?;
                    return Ok(invocation.clone());
                }
                Meaning::Daemonize => {
                    no_argument(&mut parser, name)?;
                    settings.daemonize = true;
                }
                Meaning::Pidfile => {
                    settings.pidfile = Some(argument_of(&mut parser, name)?.into())
                }
                Meaning::Step(kind) => {
                    let argument = utf8(argument_of(&mut parser, name)?)?;
                    settings.steps.push(Step { kind: *kind, argument });
                }
            }
        }
        match stray {
            Some(stray) => Err(OptionError::StrayArgument(stray.to_string_lossy().into_owned())),
            None if is_empty => Ok(Self::Demo),
            None => Ok(Self::Serve(settings)),
        }
    }
}

fn malformed(error: lexopt::Error) -> OptionError {
    OptionError::Malformed(error.to_string())
}

/// The option that `given` names, in full or by an unmistakable beginning.
fn look_up(given: &str) -> Result<(&'static str, &'static Meaning), OptionError> {
    static TABLE: [(&str, Meaning); OPTIONS.len()] = OPTIONS;
    if let Some((name, meaning)) = TABLE.iter().find(|(name, _)| *name == given) {
        return Ok((name, meaning));
    }
    let mut matching = TABLE.iter().filter(|(name, _)| name.starts_with(given));
    match (matching.next(), matching.next()) {
        (Some((name, meaning)), None) => Ok((name, meaning)),
        (Some((first, _)), Some((second, _))) => {
            let mut possible = vec![*first, *second];
            possible.extend(matching.map(|(name, _)| *name));
            Err(OptionError::Ambiguous { given: format!("--{given}"), possible })
        }
        (None, _) => Err(OptionError::Unrecognized(format!("--{given}"))),
    }
}

fn no_argument(parser: &mut Parser, name: &'static str) -> Result<(), OptionError> {
    match parser.optional_value() {
        None => Ok(()),
        Some(_) => Err(OptionError::ArgumentUnexpected(name)),
    }
}

fn argument_of(parser: &mut Parser, name: &'static str) -> Result<OsString, OptionError> {
    parser.value().map_err(|_| OptionError::ArgumentMissing(name))
}

fn utf8(argument: OsString) -> Result<String, OptionError> {
    argument
        .into_string()
        .map_err(|argument| OptionError::NotUtf8(argument.to_string_lossy().into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Invocation, OptionError> {
        Invocation::parse(arguments.iter().map(OsString::from))
    }

    fn serve(daemonize: bool, pidfile: Option<&str>, steps: &[(StepKind, &str)]) -> Invocation {
        let step =
            |&(kind, argument): &(StepKind, &str)| Step { kind, argument: argument.to_owned() };
        Invocation::Serve(Settings {
            daemonize,
            pidfile: pidfile.map(PathBuf::from),
            steps: steps.iter().map(step).collect(),
        })
    }

    #[test]
    fn options_are_understood_in_all_their_forms() {
        use StepKind::{Blockdev, Chardev, Monitor};
        let table: [(&[&str], Invocation); 12] = [
            (&[], Invocation::Demo),
            (&["-h"], Invocation::Help),
            (&["-hV"], Invocation::Help),
            (&["-V"], Invocation::Version),
            (&["--help", "--bogus"], Invocation::Help),
            (&["foo", "--version"], Invocation::Version),
            (&["--list"], Invocation::ListCommands),
            (&["--daem"], serve(true, None, &[])),
            (&["--pidfile=/p", "--pid", "/q"], serve(false, Some("/q"), &[])),
            (&["--block", "a=b"], serve(false, None, &[(Blockdev, "a=b")])),
            (&["--monitor", "--help"], serve(false, None, &[(Monitor, "--help")])),
            (
                &["--monitor=m", "--chardev=a=b", "--blockdev", "x"],
                serve(false, None, &[(Monitor, "m"), (Chardev, "a=b"), (Blockdev, "x")]),
            ),
        ];
        for (arguments, expected) in table {
            assert_eq!(parse(arguments), Ok(expected), "{arguments:?}");
        }
    }

    #[test]
    fn mistakes_are_told_in_qemus_words() {
        let table: [(&[&str], &str); 10] = [
            (&["--bogus"], "unrecognized option '--bogus'"),
            (&["--bogus", "-h"], "unrecognized option '--bogus'"),
            (&["--blockdev", "driver=nope", "--bogus"], "unrecognized option '--bogus'"),
            (&["-x"], "invalid option -- 'x'"),
            (&["-blockdev", "a"], "invalid option -- 'b'"),
            (&["--monitor"], "option '--monitor' requires an argument"),
            (&["--daemonize=1"], "option '--daemonize' doesn't allow an argument"),
            (&["--help=3"], "option '--help' doesn't allow an argument"),
            (&["foo", "--daemonize"], "foo: Unexpected argument"),
            (&["-"], "-: Unexpected argument"),
        ];
        for (arguments, expected) in table {
            let error = parse(arguments).expect_err(expected);
            assert_eq!(error.to_string(), expected, "{arguments:?}");
        }
    }
}
