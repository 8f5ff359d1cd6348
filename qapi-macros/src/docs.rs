//! Doc comments as documentation text.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The heading of the section that says what a command returns.
const RETURNS_HEADING: &str = "# Returns";

/// What a doc comment says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Doc {
    /// All but the sections that stand on their own.
    pub(crate) text: String,
    /// The section `# Returns`.
    pub(crate) returns: String,
}

impl Doc {
    /// Joins the lines of the doc comments among `attributes`.
    pub(crate) fn of(attributes: &[Attribute]) -> Self {
        let mut lines = Vec::new();
        for text in attributes.iter().filter_map(doc_text) {
            push_lines(&mut lines, &text);
        }
        Self::from_lines(&lines)
    }

    fn from_lines(lines: &[String]) -> Self {
        let (mut text, mut returns) = (Vec::new(), Vec::new());
        let mut in_returns = false;
        for line in lines {
            if line.trim_end() == RETURNS_HEADING {
                in_returns = true;
                continue;
            }
            if line.starts_with("# ") {
                in_returns = false;
            }
            if in_returns { &mut returns } else { &mut text }.push(line.as_str());
        }
        let join = |lines: Vec<&str>| lines.join("\n").trim().to_owned();
        Self { text: join(text), returns: join(returns) }
    }
}

/// Whether `attribute` is a doc comment.
pub(crate) fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// The text of a doc comment; none where it is not spelled out, as with `include_str!`.
fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        Meta::NameValue(_) | Meta::Path(_) | Meta::List(_) => None,
    }
}

/// Adds one line for a line comment, and all of a block comment without the stars before them.
fn push_lines(lines: &mut Vec<String>, text: &str) {
    let mut parts = text.lines();
    let first = parts.next().unwrap_or_default();
    lines.push(without_space(first).trim_end().to_owned());
    for part in parts {
        let part = part.trim_start();
        let part = part.strip_prefix('*').unwrap_or(part);
        lines.push(without_space(part).trim_end().to_owned());
    }
}

fn without_space(line: &str) -> &str {
    line.strip_prefix(' ').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn line_comments_lose_one_space_each() {
        let attributes: Vec<Attribute> = parse_quote! {
            /// First.
            ///
            ///   Indented.
            #[cfg(any())]
            /// Last.
        };
        assert_eq!(Doc::of(&attributes).text, "First.\n\n  Indented.\nLast.");
    }

    #[test]
    fn block_comments_lose_their_stars() {
        let attributes: Vec<Attribute> = parse_quote! {
            /** One.
              * Two.
              */
        };
        assert_eq!(Doc::of(&attributes).text, "One.\nTwo.");
    }

    #[test]
    fn the_returns_section_stands_on_its_own() {
        let attributes: Vec<Attribute> = parse_quote! {
            /// Lists jobs.
            ///
            /// # Returns
            /// One entry
            /// a job.
            ///
            /// # Errors
            /// None.
        };
        let doc = Doc::of(&attributes);
        assert_eq!(doc.text, "Lists jobs.\n\n# Errors\nNone.");
        assert_eq!(doc.returns, "One entry\na job.");
    }
}
