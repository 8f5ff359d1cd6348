//! QAPI names: their conversion from Rust names, and their form (QEMU's "How to use the QAPI code
//! generator", section "Naming rules and reserved names").

/// `SetSpeed` ▶ `set-speed`, `Qcow2` ▶ `qcow2`, `IOError` ▶ `io-error`.
pub(crate) fn dashed_from_camel(ident: &str) -> String {
    camel_words(ident).join("-")
}

/// `JobStatusChange` ▶ `JOB_STATUS_CHANGE`.
pub(crate) fn upper_from_camel(ident: &str) -> String {
    camel_words(ident).join("_").to_uppercase()
}

/// `current_progress` ▶ `current-progress`.
pub(crate) fn dashed_from_snake(ident: &str) -> String {
    ident.replace('_', "-")
}

/// `URL` ▶ `Url`, `block_info` ▶ `BlockInfo`, `jobInfo` ▶ `JobInfo`.
pub(crate) fn camel_from_any(ident: &str) -> String {
    let words = camel_words(&ident.replace('-', "_"));
    let capitalized = words.iter().flat_map(|word| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters)
    });
    capitalized.collect()
}

/// The words of a CamelCase identifier in lower case. A digit belongs to the letter before it.
fn camel_words(ident: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous: Option<char> = None;
    let mut letters = ident.chars().peekable();
    while let Some(letter) = letters.next() {
        let after_lower = previous.is_some_and(|one| !one.is_uppercase());
        let before_lower = letters.peek().is_some_and(|next| next.is_lowercase());
        let starts_word = previous.is_none()
            || letter == '_'
            || letter.is_uppercase() && (after_lower || before_lower);
        if starts_word && words.last().is_none_or(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter != '_') {
            word.extend(letter.to_lowercase());
        }
        previous = Some(letter);
    }
    words
}

/// The spelling of a name in C. Two names with the same spelling in C conflict.
pub(crate) fn c_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

/// The part of a valid name that conventions apply to: the name without `__domain_` and `x-`.
///
/// A name consists of letters, digits, `-` and `_`, and starts with a letter. The prefix of a
/// vendor is `__` and the reversed domain; the prefix of an experiment is `x-`. The domain comes
/// first. Returns `None` for an invalid name.
pub(crate) fn stem(name: &str) -> Option<&str> {
    let name = match name.strip_prefix("__") {
        None => name,
        Some(vendor) => {
            let (domain, rest) = vendor.split_once('_')?;
            let legal =
                |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
            if domain.is_empty() || !domain.chars().all(legal) {
                return None;
            }
            rest
        }
    };
    let word = |part: &str| {
        let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        part.starts_with(|letter: char| letter.is_ascii_alphabetic()) && part.chars().all(legal)
    };
    name.strip_prefix("x-").filter(|rest| word(rest)).or(Some(name)).filter(|name| word(name))
}

/// Whether the stem is lower case with dashes between words.
pub(crate) fn is_dashed(stem: &str) -> bool {
    !stem.contains(|letter: char| letter.is_ascii_uppercase() || letter == '_')
}

/// Whether the stem is upper case with underscores between words.
pub(crate) fn is_upper(stem: &str) -> bool {
    !stem.contains(|letter: char| letter.is_ascii_lowercase() || letter == '-')
}

/// Whether the stem is CamelCase.
pub(crate) fn is_camel(stem: &str) -> bool {
    stem.starts_with(|letter: char| letter.is_ascii_uppercase())
        && stem.chars().all(|letter| letter.is_ascii_alphanumeric())
        && stem.contains(|letter: char| letter.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_case_becomes_dashes() {
        for (ident, name) in [
            ("Undefined", "undefined"),
            ("SetSpeed", "set-speed"),
            ("Qcow2", "qcow2"),
            ("NullCo", "null-co"),
            ("IOError", "io-error"),
            ("X86Cpu", "x86-cpu"),
            ("Write_Blocking", "write-blocking"),
            ("V2", "v2"),
        ] {
            assert_eq!(dashed_from_camel(ident), name);
        }
    }

    #[test]
    fn camel_case_becomes_upper_case() {
        assert_eq!(upper_from_camel("JobStatusChange"), "JOB_STATUS_CHANGE");
        assert_eq!(upper_from_camel("Stop"), "STOP");
    }

    #[test]
    fn stems_have_no_prefixes() {
        for (name, expected) in [
            ("a", Some("a")),
            ("job-pause", Some("job-pause")),
            ("x-blockdev-amend", Some("blockdev-amend")),
            ("x-1", Some("x-1")),
            ("__org.example_frob", Some("frob")),
            ("__org.example_x-frob", Some("frob")),
            ("", None),
            ("1a", None),
            ("-a", None),
            ("a b", None),
            ("a.b", None),
            ("a?", None),
            ("__frob", None),
            ("___frob", None),
            ("__org.example_", None),
            ("größe", None),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }

    #[test]
    fn conventions_distinguish_names() {
        assert!(is_dashed("job-pause") && !is_dashed("job_pause") && !is_dashed("Job"));
        assert!(is_upper("JOB_READY") && !is_upper("JOB-READY") && !is_upper("Job"));
        assert!(is_camel("JobInfo") && !is_camel("jobInfo") && !is_camel("Job_Info"));
        assert!(!is_camel("JOB"));
    }
}
