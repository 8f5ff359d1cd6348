//! The arguments before they have types.

use serde_json::Value;

/// A value, and the word of the command line that it is from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// The index of the word.
    pub(crate) word: usize,
    pub(crate) content: Content,
}

/// The content of a [`Node`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// A value without quotation marks, whose type the schema determines.
    Text(String),
    /// A JSON value that is neither an object nor a list.
    Scalar(Value),
    /// The members in the order of their words.
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
}

impl Node {
    /// An object without members.
    pub(crate) fn empty(word: usize) -> Self {
        Self { word, content: Content::Object(Vec::new()) }
    }

    /// A JSON value. serde_json limits its depth.
    pub(crate) fn from_json(word: usize, json: Value) -> Self {
        let content = match json {
            Value::Object(members) => Content::Object(
                members
                    .into_iter()
                    .map(|(key, json)| (key, Self::from_json(word, json)))
                    .collect(),
            ),
            Value::Array(elements) => Content::List(
                elements.into_iter().map(|json| Self::from_json(word, json)).collect(),
            ),
            scalar => Content::Scalar(scalar),
        };
        Self { word, content }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) | Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The member `name` of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Node> {
        match &self.content {
            Content::Object(members) => {
                members.iter().find(|(key, _)| key == name).map(|(_, member)| member)
            }
            _ => None,
        }
    }

    /// Adds `value` below this node at the place that `keys` name. The error is for people.
    pub(crate) fn insert(&mut self, keys: &[&str], value: Node) -> Result<(), String> {
        let Some((key, rest)) = keys.split_first() else { return Ok(()) };
        let word = value.word;
        // A list begins with the element 0.
        if let Content::Object(members) = &self.content
            && members.is_empty()
            && *key == "0"
        {
            self.content = Content::List(Vec::new());
        }
        let next = match &mut self.content {
            Content::Object(members) => {
                match members.iter().position(|(found, _)| found == key) {
                    Some(index) if rest.is_empty() => {
                        return Err(format!("`{}` is given twice", members[index].0));
                    }
                    Some(index) => &mut members[index].1,
                    None => {
                        members.push(((*key).to_owned(), Self::empty(word)));
                        let last = members.len() - 1;
                        &mut members[last].1
                    }
                }
            }
            Content::List(elements) => {
                let next = elements.len();
                match key.parse::<usize>() {
                    Ok(index) if index < next && !rest.is_empty() => &mut elements[index],
                    Ok(index) if index < next => {
                        return Err(format!("the element {index} is given twice"));
                    }
                    Ok(index) if index == next => {
                        elements.push(Self::empty(word));
                        &mut elements[next]
                    }
                    _ => {
                        return Err(format!(
                            "the next element of the list is {next}, not `{key}`"
                        ));
                    }
                }
            }
            Content::Text(_) | Content::Scalar(_) => {
                return Err(format!("`{key}` is below a value that is no object"));
            }
        };
        if rest.is_empty() {
            *next = value;
            return Ok(());
        }
        next.insert(rest, value)
    }
}
