//! Answers requests, one at a time.

use std::sync::Arc;

use super::context::SessionContext;
use super::outbox::Outbox;
use super::request::{self, Request};
use super::{SessionOptions, response};
use crate::dispatch::{Call, Dispatched, dispatch};
use crate::error::{Error, Result};
use crate::service::Service;
use crate::wire::{Document, JsonError, Style, Value};

/// The part of a session that turns messages into answers; what it answers goes to the outbox.
#[derive(Debug)]
pub(super) struct Responder {
    pub(super) service: Arc<Service>,
    pub(super) context: Arc<SessionContext>,
    pub(super) outbox: Arc<Outbox>,
    /// How values within replies are laid out.
    value_style: Style,
    /// Where one reply is put together, so that events which its command emits precede it.
    scratch: Vec<u8>,
}

/// A request that is being served elsewhere.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) command: String,
    message: Document,
    success_response: bool,
}

impl Responder {
    pub(super) fn new(service: Arc<Service>, options: &SessionOptions) -> Self {
        let style = Style { pretty: options.pretty, hidden: service.hidden(), depth: 0 };
        let outbox = Arc::new(Outbox::new(style, options.output_limit));
        let value_style = response::return_style(&style);
        let context = Arc::new(SessionContext::new(service.next_session_id(), options.peer));
        let mut scratch = Vec::new();
        response::greeting(&mut scratch, service.version(), &style);
        outbox.push_reply(&scratch);
        service.events().subscribe(&outbox);
        Self { service, context, outbox, value_style, scratch }
    }

    /// Whether a message is an out-of-band request, which is served before those that came
    /// earlier. One that is wrong is refused before them; only what has `execute` as well keeps
    /// its place, as with QEMU.
    pub(super) fn overtakes(&self, message: &Document) -> bool {
        self.context.is_oob() && request::is_oob(message)
    }

    /// Answers a text that is not JSON; nothing of it can be used, its id least of all.
    pub(super) fn reject(&mut self, error: &JsonError) {
        self.fail(&Error::generic(error.to_string()), None);
    }

    /// Serves a message, unless that takes time: then its call is handed out.
    pub(super) fn serve(&mut self, message: &Document) -> Option<(Current, Call)> {
        let request = match Request::parse(message, self.context.is_oob()) {
            Ok(request) => request,
            Err(error) => {
                self.fail(&error, request::id(message));
                return None;
            }
        };
        self.scratch.clear();
        response::begin_return(&mut self.scratch, self.outbox.style());
        let Self { service, context, scratch, value_style, outbox: _ } = self;
        match dispatch(service, context, &request, scratch, value_style) {
            Ok(Dispatched { success_response, pending: Some(call) }) => {
                let (command, message) = (request.command.to_owned(), message.clone());
                return Some((Current { command, message, success_response }, call));
            }
            Ok(Dispatched { success_response, pending: None }) => {
                self.succeed(success_response, request.id);
            }
            Err(error) => self.fail(&error, request.id),
        }
        None
    }

    /// Answers a request that was served elsewhere.
    pub(super) fn finish(&mut self, current: &Current, result: Result<Vec<u8>>) {
        let id = request::id(&current.message);
        match result {
            Ok(value) => {
                self.scratch.clear();
                response::begin_return(&mut self.scratch, self.outbox.style());
                self.scratch.extend_from_slice(&value);
                self.succeed(current.success_response, id);
            }
            Err(error) => self.fail(&error, id),
        }
    }

    /// Sends the reply whose value has been written.
    fn succeed(&mut self, success_response: bool, id: Option<Value<'_>>) {
        if success_response {
            response::end_return(&mut self.scratch, id, &self.value_style);
            self.send();
        }
    }

    fn fail(&mut self, error: &Error, id: Option<Value<'_>>) {
        self.scratch.clear();
        response::error(&mut self.scratch, error, id, self.outbox.style());
        self.send();
    }

    fn send(&mut self) {
        if self.context.is_negotiated() {
            self.outbox.push_negotiated(&self.scratch);
        } else {
            self.outbox.push_reply(&self.scratch);
        }
        self.scratch.shrink_to(super::outbox::KEPT_CAPACITY);
    }
}
