//! From a request to its answer: finds the command, calls the function that serves it, and sends
//! the reply.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::SessionOptions;
use crate::call::context::Context;
use crate::call::handler::{Call, Handler};
use crate::call::return_writer::ReturnWriter;
use crate::call::session::SessionContext;
use crate::error::{Error, Result};
use crate::messages;
use crate::protocol::outbox::{KEPT_CAPACITY, Outbox};
use crate::protocol::request::{self, Request};
use crate::protocol::response;
use crate::schema::definition::call::Command;
use crate::schema::view::MessageFormat;
use crate::service::Service;
use crate::visitor::object::ObjectVisitor;
use crate::wire::document::Document;
use crate::wire::error::JsonError;
use crate::wire::formatter::Style;
use crate::wire::value::Value;

/// The part of a session that turns messages into answers; what it answers goes to the outbox.
#[derive(Debug)]
pub(super) struct Responder {
    pub(super) service: Arc<Service>,
    pub(super) context: Arc<SessionContext>,
    pub(super) outbox: Arc<Outbox>,
    /// How values within replies are laid out.
    value_format: MessageFormat,
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
        let style = Style { pretty: options.pretty, depth: 0 };
        let format = MessageFormat { style, view: *service.view() };
        let outbox = Arc::new(Outbox::new(format, options.output_limit));
        let value_format = response::return_format(&format);
        let context = Arc::new(SessionContext::new(service.next_session_id(), options.peer));
        let mut scratch = Vec::new();
        response::greeting(&mut scratch, service.version(), &format);
        outbox.push_reply(&scratch);
        service.events().subscribe(&outbox);
        Self { service, context, outbox, value_format, scratch }
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
        response::begin_return(&mut self.scratch, self.outbox.format());
        let Self { service, context, scratch, value_format, outbox: _ } = self;
        match dispatch(service, context, &request, scratch, value_format) {
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
                response::begin_return(&mut self.scratch, self.outbox.format());
                self.scratch.extend_from_slice(&value);
                self.succeed(current.success_response, id);
            }
            Err(error) => self.fail(&error, id),
        }
    }

    /// Sends the reply whose value has been written.
    fn succeed(&mut self, success_response: bool, id: Option<Value<'_>>) {
        if success_response {
            response::end_return(&mut self.scratch, id, &self.value_format);
            self.send();
        }
    }

    fn fail(&mut self, error: &Error, id: Option<Value<'_>>) {
        self.scratch.clear();
        response::error(&mut self.scratch, error, id, self.outbox.format());
        self.send();
    }

    fn send(&mut self) {
        if self.context.is_negotiated() {
            self.outbox.push_negotiated(&self.scratch);
        } else {
            self.outbox.push_reply(&self.scratch);
        }
        self.scratch.shrink_to(KEPT_CAPACITY);
    }
}

/// The one command that may be executed before negotiation: it is the negotiation.
const NEGOTIATION_COMMAND: &str = "qmp_capabilities";

/// What became of a request that was not refused.
struct Dispatched {
    /// Whether success is answered.
    success_response: bool,
    /// How the call goes on elsewhere; `None` where the returned value has been written.
    pending: Option<Call>,
}

/// Finds the command, checks that it may run, and calls its function; the returned value goes to
/// `out`.
fn dispatch(
    service: &Service,
    session: &Arc<SessionContext>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
    format: &MessageFormat,
) -> Result<Dispatched> {
    let (command, handler) = find(service, session, request)?;
    let context = Context::new(session, service.states());
    let mut arguments = ObjectVisitor::with_options(request.arguments, service.visit_options());
    let call = || match *handler {
        Handler::Inline(handler) => {
            handler(&context, &mut arguments, &mut ReturnWriter::new(out, format)).map(|()| None)
        }
        Handler::Blocking(handler) => {
            handler(&context, &mut arguments, *format).map(|call| Some(Call::Blocking(call)))
        }
        Handler::Async(handler) => {
            handler(&context, &mut arguments, *format).map(|call| Some(Call::Async(call)))
        }
    };
    // What the function left half done is its own; nothing of ours is shared with it but `out`,
    // which the caller empties after an error.
    let pending = catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(messages::handler_panicked(request.command)))?;
    Ok(Dispatched { success_response: command.success_response, pending })
}

fn find<'s>(
    service: &'s Service,
    session: &SessionContext,
    request: &Request<'_>,
) -> Result<(&'s Command, &'s Handler)> {
    let name = request.command;
    if !session.is_negotiated() && name != NEGOTIATION_COMMAND {
        return Err(messages::expecting_negotiation());
    }
    let policy = service.policy();
    let (definition, command, handler) = service
        .registry()
        .served_command(name)
        .filter(|_| policy.may_execute(session.peer(), name))
        .ok_or_else(|| messages::command_not_found(name))?;
    service.view().admit_command(definition)?;
    if request.oob && !(command.allow_oob && matches!(handler, Handler::Inline(_))) {
        return Err(messages::oob_not_supported(name));
    }
    if !command.allow_preconfig && service.preconfig().is_active() {
        return Err(messages::permitted_after_preconfig(name));
    }
    Ok((command, handler))
}
