//! Text of a server, for a terminal.

/// `text` without control characters, with which a server could change the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
