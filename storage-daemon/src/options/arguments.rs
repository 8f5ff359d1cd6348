//! Splits the command line into options and their arguments, and expands abbreviated options.

use std::ffi::OsString;
use std::time::Duration;

use block::options::BlockdevImageReferences;
use lexopt::{Arg, Parser};
use qapi_core::wire::Document;
use qapi_core::{Error, Input, Scalars};

use super::error::OptionError;
use super::landlock::LandlockOptions;
use super::log::LogOptions;
use super::messages;
use super::settings::{Settings, Step, StepKind};

/// What the command line asks the program to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Run the demo: the command line is empty.
    Demo,
    /// `--help`
    Help,
    /// `--version`
    Version,
    /// `--list-commands`
    ListCommands,
    /// Run a daemon.
    Serve(Box<Settings>),
}

/// The names of all options.
const OPTIONS: [(&str, Meaning); 24] = [
    ("help", Meaning::Only(Invocation::Help)),
    ("version", Meaning::Only(Invocation::Version)),
    ("list-commands", Meaning::Only(Invocation::ListCommands)),
    ("audit", Meaning::Log(LogOption::Audit)),
    ("blockdev", Meaning::Step(StepKind::Blockdev)),
    ("chardev", Meaning::Step(StepKind::Chardev)),
    ("client-memory", Meaning::ClientMemory),
    ("daemonize", Meaning::Daemonize),
    ("documentation", Meaning::Documentation),
    ("export", Meaning::Step(StepKind::Export)),
    ("image-references", Meaning::ImageReferences),
    ("journal", Meaning::Journal),
    ("landlock", Meaning::Landlock),
    ("log", Meaning::Log(LogOption::Filter)),
    ("log-calls", Meaning::Log(LogOption::Calls)),
    ("log-except", Meaning::Log(LogOption::Except)),
    ("log-file", Meaning::Log(LogOption::File)),
    ("log-traffic", Meaning::Log(LogOption::Traffic)),
    ("metrics", Meaning::Metrics),
    ("monitor", Meaning::Step(StepKind::Monitor)),
    ("nbd-server", Meaning::Step(StepKind::NbdServer)),
    ("object", Meaning::Step(StepKind::Object)),
    ("pidfile", Meaning::Pidfile),
    ("slow-calls", Meaning::Log(LogOption::SlowCalls)),
];

/// What an option does.
enum Meaning {
    /// Ends parsing: the rest of the command line is ignored.
    Only(Invocation),
    Step(StepKind),
    Daemonize,
    Documentation,
    Pidfile,
    Landlock,
    ImageReferences,
    ClientMemory,
    Metrics,
    Journal,
    Log(LogOption),
}

/// A part of [`LogOptions`].
#[derive(Clone, Copy)]
enum LogOption {
    Filter,
    File,
    Audit,
    Traffic,
    Calls,
    Except,
    SlowCalls,
}

impl Invocation {
    /// Parses the command line, without the program's name.
    ///
    /// # Errors
    /// An option does not exist, is ambiguous, lacks its argument, or has an argument but takes
    /// none; an argument is not UTF-8, or belongs to no option.
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
                Meaning::Documentation => {
                    no_argument(&mut parser, name)?;
                    settings.documentation = true;
                }
                Meaning::Pidfile => {
                    settings.pidfile = Some(argument_of(&mut parser, name)?.into())
                }
                Meaning::Metrics => {
                    settings.metrics = Some(utf8(argument_of(&mut parser, name)?)?);
                }
                Meaning::Journal => {
                    settings.journal = Some(argument_of(&mut parser, name)?.into());
                }
                Meaning::Log(option) => {
                    set_log(&mut settings.log, *option, name, &mut parser)?;
                }
                Meaning::Landlock => {
                    let argument = utf8(argument_of(&mut parser, name)?)?;
                    let parsed = LandlockOptions::parse(&argument);
                    settings
                        .landlock
                        .push(parsed.map_err(|error| failed(name, argument, error))?);
                }
                Meaning::ImageReferences => {
                    let argument = utf8(argument_of(&mut parser, name)?)?;
                    settings.image_references = image_references(name, argument)?;
                }
                Meaning::ClientMemory => {
                    let argument = utf8(argument_of(&mut parser, name)?)?;
                    settings.client_memory = Some(size(name, argument)?);
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
            None => Ok(Self::Serve(Box::new(settings))),
        }
    }
}

fn set_log(
    log: &mut LogOptions,
    option: LogOption,
    name: &'static str,
    parser: &mut Parser,
) -> Result<(), OptionError> {
    let flag = match option {
        LogOption::Audit => &mut log.audit,
        LogOption::Traffic => &mut log.traffic,
        LogOption::Calls => &mut log.calls,
        LogOption::File => {
            log.file = Some(argument_of(parser, name)?.into());
            return Ok(());
        }
        LogOption::Filter => {
            log.filter = Some(utf8(argument_of(parser, name)?)?);
            return Ok(());
        }
        LogOption::Except => {
            log.except.push(utf8(argument_of(parser, name)?)?);
            return Ok(());
        }
        LogOption::SlowCalls => {
            log.slow_calls = Some(milliseconds(name, utf8(argument_of(parser, name)?)?)?);
            return Ok(());
        }
    };
    no_argument(parser, name)?;
    *flag = true;
    Ok(())
}

fn image_references(
    name: &'static str,
    argument: String,
) -> Result<BlockdevImageReferences, OptionError> {
    let known = BlockdevImageReferences::ALL.iter().find(|known| known.as_str() == argument);
    let unknown = || messages::value_unknown(name, &argument);
    known.copied().ok_or_else(unknown).map_err(|error| failed(name, argument.clone(), error))
}

fn milliseconds(name: &'static str, argument: String) -> Result<Duration, OptionError> {
    let time = argument.parse().map(Duration::from_millis);
    time.map_err(|_| failed(name, argument, messages::not_a_number(name)))
}

/// A size in QEMU's notation, such as `64M`.
fn size(name: &'static str, argument: String) -> Result<u64, OptionError> {
    let text = Document::from_json(&argument.as_str().into());
    text.ok()
        .and_then(|text| Input::with_scalars(text.root(), Scalars::Keyval).size().ok())
        .ok_or_else(|| failed(name, argument, messages::not_a_size(name)))
}

fn failed(name: &'static str, argument: String, error: Error) -> OptionError {
    OptionError::Failed { name, argument, error }
}

fn malformed(error: lexopt::Error) -> OptionError {
    OptionError::Malformed(error.to_string())
}

/// The option with the name `given`, or the only option that `given` abbreviates.
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
    use std::path::PathBuf;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Invocation, OptionError> {
        Invocation::parse(arguments.iter().map(OsString::from))
    }

    fn serve(daemonize: bool, pidfile: Option<&str>, steps: &[(StepKind, &str)]) -> Invocation {
        let step =
            |&(kind, argument): &(StepKind, &str)| Step { kind, argument: argument.to_owned() };
        Invocation::Serve(Box::new(Settings {
            daemonize,
            pidfile: pidfile.map(PathBuf::from),
            steps: steps.iter().map(step).collect(),
            ..Settings::default()
        }))
    }

    #[test]
    fn all_forms_of_options_are_accepted() {
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
    fn restrictions_are_settings() {
        let arguments = [
            "--landlock",
            "/a",
            "--landlock",
            "/b,read-only=on",
            "--image-references=files",
            "--metrics=1",
        ];
        let folder = |path: &str, read_only| LandlockOptions { path: path.to_owned(), read_only };
        let settings = Settings {
            landlock: vec![folder("/a", None), folder("/b", Some(true))],
            metrics: Some("1".to_owned()),
            image_references: BlockdevImageReferences::Files,
            ..Settings::default()
        };
        assert_eq!(parse(&arguments), Ok(Invocation::Serve(Box::new(settings))));
    }

    #[test]
    fn the_log_has_options() {
        let arguments = [
            "--log=info",
            "--log-file=l",
            "--audit",
            "--log-calls",
            "--log-traffic",
            "--log-except=a*",
            "--log-except=b*",
            "--slow-calls=50",
            "--journal=j",
        ];
        let log = LogOptions {
            filter: Some("info".to_owned()),
            file: Some("l".into()),
            audit: true,
            traffic: true,
            calls: true,
            except: ["a*", "b*"].map(str::to_owned).to_vec(),
            slow_calls: Some(Duration::from_millis(50)),
        };
        let settings = Settings { log, journal: Some("j".into()), ..Settings::default() };
        assert_eq!(parse(&arguments), Ok(Invocation::Serve(Box::new(settings))));
    }

    #[test]
    fn documentation_is_served_on_request() {
        let settings = Settings { documentation: true, ..Settings::default() };
        assert_eq!(parse(&["--documentation"]), Ok(Invocation::Serve(Box::new(settings))));
    }

    #[test]
    fn the_memory_for_clients_is_a_size() {
        let settings = Settings { client_memory: Some(64 << 20), ..Settings::default() };
        assert_eq!(parse(&["--client-memory", "64M"]), Ok(Invocation::Serve(Box::new(settings))));
        let error = parse(&["--client-memory=much"]).expect_err("no number").to_string();
        assert!(error.contains("Parameter 'client-memory' expects a size value"), "{error}");
    }

    #[test]
    fn errors_have_qemus_texts() {
        let table: [(&[&str], &str); 12] = [
            (
                &["--image-references", "some"],
                "--image-references some: Parameter 'image-references' does not accept value \
                 'some'",
            ),
            (
                &["--landlock", "read-only=on"],
                "--landlock read-only=on: Parameter 'path' is missing",
            ),
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
