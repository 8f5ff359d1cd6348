//! The words of names, for names that are made of others.

/// The words of a name: what other characters than letters and digits separate.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|found: char| !found.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// The words with a capital each. A word without a small letter becomes lower case first.
pub(crate) fn capitalized(name: &str) -> impl Iterator<Item = String> {
    words(name).map(|word| {
        let has_small = word.bytes().any(|byte| byte.is_ascii_lowercase());
        let word = if has_small { word.to_owned() } else { word.to_ascii_lowercase() };
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_ascii_uppercase().to_string() + letters.as_str()
        })
    })
}

/// A name in CamelCase: `set-speed` ▶ `SetSpeed`.
pub(crate) fn camel(name: &str) -> String {
    capitalized(name).collect()
}

/// A name in lower case with `_` between words. A capital after a small letter begins a word:
/// `node-name` ▶ `node_name`, `logFile` ▶ `log_file`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for word in words(name) {
        if !snake.is_empty() {
            snake.push('_');
        }
        let mut after_small = false;
        for letter in word.chars() {
            if letter.is_ascii_uppercase() && after_small {
                snake.push('_');
            }
            snake.push(letter.to_ascii_lowercase());
            after_small = letter.is_ascii_lowercase();
        }
    }
    snake
}

/// Whether a name is in lower case with `-` between words, apart from the prefix of a vendor. The
/// name of a member or command in another form needs an exception.
pub(crate) fn is_dashed(name: &str) -> bool {
    let stem =
        name.strip_prefix("__").and_then(|rest| rest.split_once('_')).map(|(_, stem)| stem);
    let stem = stem.unwrap_or(name);
    !stem.contains('_') && !stem.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_camel_case() {
        for (name, expected) in [
            ("set-speed", "SetSpeed"),
            ("JOB_STATUS_CHANGE", "JobStatusChange"),
            ("__org.example_rot13", "OrgExampleRot13"),
            ("logFile", "LogFile"),
            ("é-b", "B"),
        ] {
            assert_eq!(camel(name), expected);
        }
    }

    #[test]
    fn names_become_snake_case() {
        for (name, expected) in
            [("node-name", "node_name"), ("logFile", "log_file"), ("__org.ex_a-b", "org_ex_a_b")]
        {
            assert_eq!(snake(name), expected);
        }
    }
}
