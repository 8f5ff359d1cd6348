//! Where lines come from: the line editor on a terminal, otherwise standard input.

use std::borrow::Cow;
use std::io::{BufRead, IsTerminal, Read, Write, stdin, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reedline::{
    ColumnarMenu, Completer, Emacs, ExternalPrinter, FileBackedHistory, KeyCode, KeyModifiers,
    MenuBuilder, Prompt, PromptEditMode, PromptHistorySearch, Reedline, ReedlineEvent,
    ReedlineMenu, Signal, ValidationResult, Validator, default_emacs_keybindings,
};

use super::line::split;
use super::link::Show;
use crate::status::{Failure, Result};

/// The most lines of the history of one address.
const HISTORY_LIMIT: usize = 2000;

/// The most messages that wait for the prompt. Further ones are counted and dropped.
const MESSAGE_LIMIT: usize = 1000;

/// The time between two looks for messages above the prompt.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The longest line on standard input that is no terminal, in bytes.
const LINE_LIMIT: u64 = 1 << 20;

const MENU: &str = "completions";

/// A source of lines.
pub(super) enum Editor {
    Terminal(Box<Reedline>),
    Input,
}

impl Editor {
    /// The editor, and the function that shows text above its prompt.
    pub(super) fn new() -> (Self, Show) {
        if !stdin().is_terminal() || !stdout().is_terminal() {
            let show = |text: String| drop(writeln!(stdout(), "{text}"));
            return (Self::Input, Box::new(show));
        }
        let printer = ExternalPrinter::new(MESSAGE_LIMIT);
        let sender = printer.sender();
        let dropped = AtomicU64::new(0);
        let show = move |text: String| {
            let lost = dropped.swap(0, Ordering::Relaxed);
            let text = if lost > 0 { format!("({lost} messages dropped)\n{text}") } else { text };
            // A full queue must not stop the connection.
            if sender.try_send(text).is_err() {
                dropped.fetch_add(lost + 1, Ordering::Relaxed);
            }
        };
        let editor = Reedline::create()
            .with_external_printer(printer)
            .with_poll_interval(POLL_INTERVAL)
            .with_validator(Box::new(Brackets))
            .with_ansi_colors(super::has_colours());
        (Self::Terminal(Box::new(editor)), Box::new(show))
    }

    /// Adds completion, and the history in `history`.
    pub(super) fn with(
        self,
        completer: Box<dyn Completer + Send>,
        history: Option<PathBuf>,
    ) -> Self {
        let Self::Terminal(editor) = self else { return self };
        let mut keys = default_emacs_keybindings();
        let complete = ReedlineEvent::UntilFound(vec![
            ReedlineEvent::Menu(MENU.to_owned()),
            ReedlineEvent::MenuNext,
        ]);
        keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, complete);
        let menu = ColumnarMenu::default().with_name(MENU).with_columns(1);
        let mut editor = editor
            .with_completer(completer)
            .with_quick_completions(true)
            .with_partial_completions(true)
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_edit_mode(Box::new(Emacs::new(keys)));
        let history =
            history.and_then(|path| FileBackedHistory::with_file(HISTORY_LIMIT, path).ok());
        if let Some(history) = history {
            editor = editor.with_history(Box::new(history));
        }
        Self::Terminal(Box::new(editor))
    }

    /// The next line; `None` at the end of the input.
    ///
    /// # Errors
    /// [`Failure::Refused`]: the input cannot be read, or has a line that is too long.
    pub(super) fn line(&mut self, prompt: &dyn Prompt) -> Result<Option<String>> {
        match self {
            Self::Terminal(editor) => loop {
                match editor.read_line(prompt).map_err(unreadable)? {
                    Signal::Success(line) => return Ok(Some(line)),
                    Signal::CtrlD => return Ok(None),
                    _ => {}
                }
            },
            Self::Input => {
                let mut line = String::new();
                let mut limited = stdin().lock().take(LINE_LIMIT);
                match limited.read_line(&mut line).map_err(unreadable)? {
                    0 => Ok(None),
                    _ if limited.limit() == 0 => {
                        Err(Failure::Refused("a line of the input is too long".to_owned()))
                    }
                    _ => Ok(Some(line)),
                }
            }
        }
    }
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::Refused(format!("cannot read the input: {error}"))
}

/// A line with open brackets or quotation marks continues on the next line.
struct Brackets;

impl Validator for Brackets {
    fn validate(&self, line: &str) -> ValidationResult {
        match split(line).is_open {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Complete,
        }
    }
}

/// The prompt: the address, and whether it is connected or within a transaction.
pub(super) struct ShellPrompt {
    pub(super) address: String,
    pub(super) shared: Arc<super::link::Shared>,
    pub(super) in_transaction: bool,
}

impl Prompt for ShellPrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        let is_connected = self.shared.is_connected.load(Ordering::Relaxed);
        Cow::Owned(match (is_connected, self.in_transaction) {
            (false, _) => format!("{} (not connected)", self.address),
            (true, false) => self.address.clone(),
            (true, true) => format!("{} transaction", self.address),
        })
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("… ")
    }

    fn render_prompt_history_search_indicator(
        &self,
        search: PromptHistorySearch,
    ) -> Cow<'_, str> {
        Cow::Owned(format!("(search: {}) ", search.term))
    }
}
