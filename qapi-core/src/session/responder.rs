//! From a request to its reply: finds the command, calls its function, and sends the reply.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::SessionOptions;
use crate::call::handler::{Call, Context, Handler, ReturnWriter};
use crate::call::session::SessionContext;
use crate::error::{Error, Result};
use crate::messages;
use crate::protocol::envelope::{self, Request};
use crate::protocol::outbox::{Outbox, RETAINED_CAPACITY};
use crate::schema::definition::call::Command;
use crate::schema::view::MessageFormat;
use crate::service::Service;
use crate::visitor::VisitOptions;
use crate::visitor::allocated::Allocated;
use crate::visitor::object::ObjectVisitor;
use crate::wire::document::Document;
use crate::wire::error::JsonError;
use crate::wire::formatter::Style;
use crate::wire::value::Value;

/// The part of a session that serves messages and puts replies into the outbox.
#[derive(Debug)]
pub(super) struct Responder {
    pub(super) service: Arc<Service>,
    pub(super) context: Arc<SessionContext>,
    pub(super) outbox: Arc<Outbox>,
    visit_options: VisitOptions,
    /// The most bytes of a reply of which the client determines the length.
    output_limit: usize,
    /// The format of values within replies.
    value_format: MessageFormat,
    /// The reply under construction. It is not built in the outbox, so that events of the command
    /// come before the reply.
    scratch: Vec<u8>,
}

/// A request whose call is in flight.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) command: String,
    id: Option<Document>,
    success_response: bool,
}

impl Responder {
    pub(super) fn new(service: Arc<Service>, options: &SessionOptions) -> Self {
        let style = Style { pretty: options.pretty, depth: 0 };
        let format = MessageFormat { style, view: *service.view() };
        let output_limit = options.output_limit;
        let outbox = Outbox::new(format, output_limit, &options.memory_budget);
        let visit_options = VisitOptions::of_client(format.view, outbox.account());
        let value_format = envelope::return_format(&format);
        let context = Arc::new(SessionContext::new(service.next_session_id(), options.peer));
        let mut scratch = Vec::new();
        envelope::greeting(&mut scratch, service.version(), &format);
        outbox.push_reply(&mut scratch);
        service.events().subscribe(&outbox);
        Self { service, context, outbox, visit_options, output_limit, value_format, scratch }
    }

    /// Whether a message is an out-of-band request, which overtakes earlier requests. A malformed
    /// out-of-band request overtakes too, and gets an error. As in QEMU, a message with both
    /// `exec-oob` and `execute` does not overtake.
    pub(super) fn overtakes(&self, message: &Document) -> bool {
        self.context.is_oob() && envelope::is_oob_request(message)
    }

    /// Sends an error reply to a text that is not JSON. The reply has no id.
    pub(super) fn reject(&mut self, error: &JsonError) {
        self.fail(&Error::generic(error.to_string()), None);
    }

    /// Serves a message, which is large if it takes more than [`COMMON_SIZE`]. Returns its call if
    /// the command is asynchronous or blocking.
    pub(super) fn serve(
        &mut self,
        message: &Document,
        is_large: bool,
    ) -> Option<(InFlight, Call)> {
        let request = match Request::parse(message, self.context.is_oob()) {
            Ok(request) => request,
            Err(error) => {
                self.fail(&error, envelope::request_id(message));
                return None;
            }
        };
        if is_large && self.is_too_long(request.id) {
            self.fail(&messages::id_too_long(), None);
            return None;
        }
        self.scratch.clear();
        envelope::begin_return(&mut self.scratch, self.outbox.format());
        let dispatched = self.dispatch(&request);
        self.visit_options.allocated().restart();
        match dispatched {
            Ok(Dispatched { success_response, pending: Some(call) }) => {
                let (command, id) = (request.command.to_owned(), request.id);
                let id = id.map(Value::to_document);
                return Some((InFlight { command, id, success_response }, call));
            }
            Ok(Dispatched { success_response, pending: None }) => {
                self.succeed(success_response, request.id);
            }
            Err(error) => self.fail(&error, request.id),
        }
        None
    }

    /// Sends the reply to a request whose call has ended.
    pub(super) fn finish(&mut self, in_flight: &InFlight, result: Result<Vec<u8>>) {
        let id = in_flight.id.as_ref().map(Document::root);
        match result {
            Ok(value) => {
                self.scratch.clear();
                envelope::begin_return(&mut self.scratch, self.outbox.format());
                self.scratch.extend_from_slice(&value);
                self.succeed(in_flight.success_response, id);
            }
            Err(error) => self.fail(&error, id),
        }
    }

    /// Completes and sends the reply, whose return value is already in `scratch`.
    fn succeed(&mut self, success_response: bool, id: Option<Value<'_>>) {
        if success_response {
            envelope::end_return(&mut self.scratch, id, &self.value_format);
            self.send();
        }
    }

    /// Sends an error reply. An `id` that is too long is not repeated.
    fn fail(&mut self, error: &Error, id: Option<Value<'_>>) {
        self.scratch.clear();
        let id = id.filter(|id| !self.is_too_long(Some(*id)));
        envelope::error(&mut self.scratch, error, id, self.outbox.format());
        self.send();
    }

    /// Whether a reply with `id` could exceed the output limit.
    fn is_too_long(&self, id: Option<Value<'_>>) -> bool {
        let style = self.outbox.format().style;
        id.is_some_and(|id| id.may_exceed_as_text(self.output_limit, style))
    }

    fn send(&mut self) {
        if self.context.is_negotiated() {
            self.outbox.push_negotiated(&mut self.scratch);
        } else {
            self.outbox.push_reply(&mut self.scratch);
        }
        self.scratch.shrink_to(RETAINED_CAPACITY);
    }
}

/// The size of a document, in bytes, up to which replies to it are known to be short enough.
pub(super) const COMMON_SIZE: usize = 128 << 10;

/// The command that negotiates capabilities. Before negotiation no other command is executed.
const NEGOTIATION_COMMAND: &str = "qmp_capabilities";

/// The state of a request after a successful dispatch.
struct Dispatched {
    /// Whether the command has a success reply.
    success_response: bool,
    /// The call in flight; `None` where the return value has been written.
    pending: Option<Call>,
}

impl Responder {
    /// Finds the command, checks that it may run, and calls its function, which writes its return
    /// value to `scratch`.
    #[inline]
    fn dispatch(&mut self, request: &Request<'_>) -> Result<Dispatched> {
        let Self { service, context, visit_options, value_format: format, .. } = self;
        let (command, handler) = find_command(service, context, request)?;
        let allocated = visit_options.allocated();
        if command.raw {
            allocated.add(request.arguments.map_or(0, Value::tree_size))?;
        }
        let context = Context::new(context, service.states());
        let mut arguments = ObjectVisitor::with_options(request.arguments, visit_options);
        let out = &mut self.scratch;
        let call = || match *handler {
            Handler::Inline(handler) => {
                handler(&context, &mut arguments, &mut ReturnWriter::new(out, format))
                    .map(|()| None)
            }
            Handler::Blocking(handler) => {
                handler(&context, &mut arguments, *format).map(|call| Some(Call::Blocking(call)))
            }
            Handler::Async(handler) => {
                handler(&context, &mut arguments, *format).map(|call| Some(Call::Async(call)))
            }
        };
        // A panic can leave two things inconsistent: the function's own data, and `scratch`. The
        // caller clears `scratch` after an error.
        let pending = catch_unwind(AssertUnwindSafe(call))
            .unwrap_or_else(|_| Err(messages::handler_panicked(request.command)))?;
        let pending = pending.map(|call| with_charge(call, allocated));
        Ok(Dispatched { success_response: command.success_response, pending })
    }
}

/// The call, which has the charge of its arguments until it ends.
fn with_charge(call: Call, allocated: &Allocated) -> Call {
    let Some(charge) = allocated.take_charge() else { return call };
    match call {
        Call::Async(call) => Call::Async(Box::pin(async move {
            let _charge = charge;
            call.await
        })),
        Call::Blocking(call) => Call::Blocking(Box::new(move || {
            let _charge = charge;
            call()
        })),
    }
}

fn find_command<'s>(
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
