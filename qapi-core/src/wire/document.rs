//! A parsed JSON text as a flat tape in buffers that the next text reuses.

use super::error::JsonError;
use super::limits::{MAX_NESTING, MAX_TOKEN_COUNT, MAX_TOKEN_SIZE, RETAINED_CAPACITY};
use super::number::Number;
use super::value::{Kind, Value};

/// One parsed JSON text.
///
/// One buffer contains every value of the text, in wire order, and a second one the decoded
/// strings. [`Document::root`] returns the cursor that reads them. A new or cleared document is
/// `null`.
///
/// ```
/// use qapi_core::wire::Document;
///
/// let document = Document::parse(b"{'execute': 'query-jobs'}").unwrap();
/// let execute = document.root().get("execute").unwrap();
/// assert_eq!(execute.as_str(), Some("query-jobs"));
/// ```
#[derive(Clone, Default)]
pub struct Document {
    /// The nodes of the text, and after them nodes of earlier texts, which no index refers to.
    nodes: Vec<Node>,
    /// The number of nodes of the text.
    count: usize,
    strings: String,
    request: RequestMembers,
}

/// The indices of the values of a request's members, noted while the text was read; 0 for each
/// member that is absent. All are 0 unless the text is a request in its usual form.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RequestMembers {
    pub(super) execute: u32,
    pub(super) arguments: u32,
    pub(super) id: u32,
    /// The start and the end of the id in the text, if a reply repeats it as it is: the id is a
    /// string of printable ASCII characters in double quotes, or a whole number.
    pub(super) id_text: (u32, u32),
}

/// The members of a common request: an object without members but these.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommonRequest<'m> {
    pub(crate) execute: &'m str,
    /// The arguments, an object.
    pub(crate) arguments: Option<Value<'m>>,
    pub(crate) id: Option<Value<'m>>,
}

/// The number of nodes for which a document has places at first. An idle client has sent no more
/// than the request that negotiates, which has three.
const FEW_NODES: usize = 4;

/// One value on the tape. A container's contents follow it: the elements of an array, name and
/// value in turn for an object.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    String {
        start: u32,
        len: u32,
    },
    /// `end` is the index after the last node inside.
    Array {
        len: u32,
        end: u32,
    },
    Object {
        len: u32,
        end: u32,
    },
}

impl Document {
    /// An empty document. It allocates nothing.
    pub fn new() -> Document {
        Document::default()
    }

    /// The value of the text.
    pub fn root(&self) -> Value<'_> {
        Value::new(self, 0)
    }

    /// Removes the text. The next one reuses the buffers, unless this one was large.
    pub fn clear(&mut self) {
        if let Some(root) = self.nodes.first_mut() {
            *root = Node::Null;
        }
        self.count = 0;
        self.strings.clear();
        self.request = RequestMembers::default();
        if self.allocated() > RETAINED_CAPACITY {
            self.shrink();
        }
    }

    #[cold]
    fn shrink(&mut self) {
        self.nodes.truncate(RETAINED_CAPACITY / size_of::<Node>());
        self.nodes.shrink_to(RETAINED_CAPACITY / size_of::<Node>());
        self.strings.shrink_to(RETAINED_CAPACITY);
    }

    /// The number of bytes that the document has allocated.
    #[inline]
    pub(crate) fn allocated(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.strings.capacity()
    }

    /// The members of the text, if the decoder noted them: a shortcut to what a walk over the
    /// members finds.
    #[inline]
    pub(crate) fn common_request(&self) -> Option<CommonRequest<'_>> {
        let RequestMembers { execute, arguments, id, .. } = self.request;
        if execute == 0 {
            return None;
        }
        let value = |index: u32| (index != 0).then(|| Value::new(self, index));
        let arguments = value(arguments);
        if arguments.is_some_and(|arguments| arguments.kind() != Kind::Object) {
            return None;
        }
        Some(CommonRequest { execute: self.string(execute)?, arguments, id: value(id) })
    }

    /// The text of the id of a common request, if the node at `index` is the id and a reply repeats
    /// it as it is.
    #[inline]
    pub(super) fn id_text(&self, index: u32) -> Option<&[u8]> {
        let RequestMembers { id, id_text: (start, end), .. } = self.request;
        if id != index || end == 0 {
            return None;
        }
        self.strings.as_bytes().get(start as usize..end as usize)
    }

    /// A copy of the value at an index, without the rest of the text.
    pub(super) fn copy_of(&self, index: u32) -> Document {
        let mut copy = Document::new();
        for (at, node) in self.nodes_of(index) {
            match *node {
                Node::String { .. } => {
                    let start = copy.strings.len();
                    copy.strings.push_str(self.string(at).unwrap_or_default());
                    copy.push_string_from(start);
                }
                Node::Array { len, end } => copy.push(Node::Array { len, end: end - index }),
                Node::Object { len, end } => copy.push(Node::Object { len, end: end - index }),
                Node::Null | Node::Bool(_) | Node::Number(_) => copy.push(*node),
            }
        }
        copy
    }

    /// Copies a tree of `serde_json`, members in its order.
    ///
    /// # Errors
    /// The limits of the parser apply: [`JsonError::NestingLimit`],
    /// [`JsonError::TokenCountLimit`] (nodes are counted) and [`JsonError::TokenSizeLimit`].
    pub fn from_json(json: &serde_json::Value) -> Result<Document, JsonError> {
        let mut document = Document::new();
        document.push_json(json, 0)?;
        Ok(document)
    }

    fn push_json(&mut self, json: &serde_json::Value, depth: usize) -> Result<(), JsonError> {
        if self.count >= MAX_TOKEN_COUNT {
            return Err(JsonError::TokenCountLimit);
        }
        let container = json.is_array() || json.is_object();
        if container && depth >= MAX_NESTING {
            return Err(JsonError::NestingLimit);
        }
        match json {
            serde_json::Value::Null => self.push(Node::Null),
            serde_json::Value::Bool(value) => self.push(Node::Bool(*value)),
            serde_json::Value::Number(number) => self.push(Node::Number(number.into())),
            serde_json::Value::String(string) => self.push_checked_string(string)?,
            serde_json::Value::Array(elements) => {
                let array = self.open(Node::Array { len: 0, end: 0 });
                for element in elements {
                    self.push_json(element, depth + 1)?;
                }
                self.close(array, elements.len());
            }
            serde_json::Value::Object(members) => {
                let object = self.open(Node::Object { len: 0, end: 0 });
                for (name, value) in members {
                    self.push_checked_string(name)?;
                    self.push_json(value, depth + 1)?;
                }
                self.close(object, members.len());
            }
        }
        Ok(())
    }

    fn push_checked_string(&mut self, string: &str) -> Result<(), JsonError> {
        if self.count >= MAX_TOKEN_COUNT {
            return Err(JsonError::TokenCountLimit);
        }
        if self.strings.len() + string.len() > MAX_TOKEN_SIZE {
            return Err(JsonError::TokenSizeLimit);
        }
        let start = self.strings.len();
        self.strings.push_str(string);
        self.push_string_from(start);
        Ok(())
    }

    /// The node at an index; `null` where there is none, as in an empty document.
    #[inline]
    pub(super) fn node(&self, index: u32) -> Node {
        self.nodes.get(index as usize).copied().unwrap_or(Node::Null)
    }

    /// The nodes of a value and of its contents, with their indices.
    pub(super) fn nodes_of(&self, index: u32) -> impl Iterator<Item = (u32, &Node)> {
        let range = index as usize..self.after(index) as usize;
        (index..).zip(self.nodes.get(range).unwrap_or_default())
    }

    /// The index after a value and its contents.
    #[inline]
    pub(super) fn after(&self, index: u32) -> u32 {
        match self.node(index) {
            Node::Array { end, .. } | Node::Object { end, .. } => end,
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String { .. } => index + 1,
        }
    }

    /// The string at an index, if there is one.
    #[inline]
    pub(super) fn string(&self, index: u32) -> Option<&str> {
        match self.node(index) {
            Node::String { start, len } => {
                let start = start as usize;
                self.strings.get(start..start + len as usize)
            }
            Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::Array { .. }
            | Node::Object { .. } => None,
        }
    }

    /// As [`string`](Self::string), as bytes.
    #[inline]
    pub(super) fn string_bytes(&self, index: u32) -> Option<&[u8]> {
        let Node::String { start, len } = self.node(index) else { return None };
        let start = start as usize;
        self.strings.as_bytes().get(start..start + len as usize)
    }

    /// Whether the node at an index is the string `wanted`.
    #[inline]
    pub(super) fn is_string(&self, index: u32, wanted: &str) -> bool {
        self.string_bytes(index) == Some(wanted.as_bytes())
    }

    /// The index that the next node will have.
    #[inline]
    pub(super) fn next_index(&self) -> u32 {
        self.count as u32
    }

    /// Makes room for one more node, and for `bytes` more bytes of strings.
    ///
    /// # Errors
    /// [`JsonError::OutOfMemory`].
    #[inline]
    pub(super) fn reserve(&mut self, bytes: usize) -> Result<(), JsonError> {
        let more = usize::from(self.count == self.nodes.len());
        let reserved =
            self.nodes.try_reserve(more).and_then(|()| self.strings.try_reserve(bytes));
        reserved.map_err(|_| JsonError::OutOfMemory)
    }

    #[inline]
    pub(super) fn push(&mut self, node: Node) {
        match self.nodes.get_mut(self.count) {
            Some(slot) => *slot = node,
            None => self.nodes.push(node),
        }
        self.count += 1;
    }

    /// The places for nodes that exist, at least [`FEW_NODES`], and the members of a request.
    #[inline]
    pub(super) fn places(&mut self) -> (&mut [Node], &mut RequestMembers) {
        if self.nodes.len() < FEW_NODES {
            self.nodes.resize(FEW_NODES, Node::Null);
        }
        (&mut self.nodes, &mut self.request)
    }

    /// Doubles the number of places for nodes.
    #[cold]
    pub(super) fn add_places(&mut self) {
        self.nodes.resize(2 * self.nodes.len(), Node::Null);
    }

    /// Makes the first `count` places the nodes of `text`, to which the nodes of strings refer.
    #[inline]
    pub(super) fn adopt(&mut self, text: &str, count: usize) {
        self.count = count;
        self.strings.clear();
        self.strings.push_str(text);
    }

    /// The buffer of strings, to the end of which a string can be decoded.
    pub(super) fn strings_mut(&mut self) -> &mut String {
        &mut self.strings
    }

    /// Pushes a string: the contents of the buffer of strings from `start` on.
    #[inline]
    pub(super) fn push_string_from(&mut self, start: usize) {
        let len = self.strings.len() - start;
        self.push(Node::String { start: start as u32, len: len as u32 });
    }

    /// Opens a container; nodes pushed until it is closed are inside.
    pub(super) fn open(&mut self, container: Node) -> u32 {
        let index = self.next_index();
        self.push(container);
        index
    }

    /// Closes a container of `count` elements or members.
    pub(super) fn close(&mut self, index: u32, count: usize) {
        let after = self.next_index();
        match self.nodes.get_mut(index as usize) {
            Some(Node::Array { len, end } | Node::Object { len, end }) => {
                *len = count as u32;
                *end = after;
            }
            Some(Node::Null | Node::Bool(_) | Node::Number(_) | Node::String { .. }) | None => {}
        }
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.root().fmt(f)
    }
}
