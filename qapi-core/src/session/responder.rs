//! From a request to its reply: finds the command, calls its function, and sends the reply.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::in_flight::{CallControl, InFlight};
use super::options::SessionOptions;
use crate::call::handler::{Call, Context, Handler, InlineHandler, ReturnWriter};
use crate::call::session::SessionContext;
use crate::clock::monotonic_now;
use crate::error::{Error, Result};
use crate::messages;
use crate::protocol::envelope::{self, Request};
use crate::protocol::outbox::{Outbox, RETAINED_CAPACITY};
use crate::schema::definition::Definition;
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
    pub(super) visit_options: VisitOptions,
    /// The most bytes of a reply of which the client determines the length.
    output_limit: usize,
    /// The format of values within replies.
    pub(super) value_format: MessageFormat,
    /// The reply under construction. It is not built in the outbox, so that events of the command
    /// come before the reply.
    pub(super) scratch: Vec<u8>,
}

impl Responder {
    pub(super) fn new(service: Arc<Service>, options: &SessionOptions) -> Self {
        let style = Style { pretty: options.pretty, depth: 0 };
        let format = MessageFormat { style, view: *service.view() };
        let output_limit = options.output_limit;
        let (id, listener) = (service.next_session_id(), options.listener.clone());
        let policy = options.policy.clone().unwrap_or_else(|| service.policy().clone());
        let (peer, permissions) = (options.peer.clone(), policy.permissions());
        let context = Arc::new(SessionContext::new(id, peer, listener, Some(permissions)));
        let outbox =
            Outbox::new(Arc::clone(&context), format, output_limit, &options.memory_budget);
        let visit_options = VisitOptions::of_client(format.view, outbox.account());
        let value_format = envelope::return_format(&format);
        let mut scratch = Vec::new();
        envelope::greeting(&mut scratch, service.version(), &format);
        if let Some(log) = &service.observation().traffic {
            log.greeting(&context, &scratch);
        }
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
        if self.service.observation().is_active {
            self.log_rejected(error);
        }
        self.fail(&Error::generic(error.to_string()), None);
    }

    /// The time now, if hooks measure calls.
    pub(super) fn arrival(&self) -> Option<Instant> {
        self.service.observation().is_active.then(monotonic_now)
    }

    /// Serves a message that arrived at `received`, and is large if it takes more than
    /// [`COMMON_SIZE`]. Returns its call if the command is asynchronous or blocking.
    #[inline(always)]
    pub(super) fn serve(
        &mut self,
        message: &Document,
        is_large: bool,
        received: Option<Instant>,
    ) -> Option<(InFlight, Call)> {
        if let Some(received) = received {
            return self.serve_observed(message, is_large, received);
        }
        if let Some(request) = Request::of_common(message) {
            return self.serve_request(&request, is_large);
        }
        match Request::parse(message, self.context.is_oob()) {
            Ok(request) => self.serve_request(&request, is_large),
            Err(error) => {
                self.fail(&error, envelope::request_id(message));
                None
            }
        }
    }

    #[inline(never)]
    fn serve_request(
        &mut self,
        request: &Request<'_>,
        is_large: bool,
    ) -> Option<(InFlight, Call)> {
        if is_large && self.is_too_long(request.id) {
            self.fail(&messages::id_too_long(), None);
            return None;
        }
        let result = match find_command(&self.service, &self.context, request) {
            Err(error) => Err(error),
            Ok(Found { command, handler: Handler::Inline(handler), .. }) => {
                let called = self.call(request, command, handler);
                let result =
                    called.unwrap_or_else(|| Err(messages::handler_panicked(request.command)));
                result.map(|()| command.success_response)
            }
            Ok(found) => match self.start(request, &found) {
                None => Err(messages::handler_panicked(request.command)),
                Some(Err(error)) => Err(error),
                Some(Ok((control, call))) => {
                    let id = request.id.map(Value::to_document);
                    let success_response = found.command.success_response;
                    return Some((InFlight { id, success_response, control }, call));
                }
            },
        };
        match result {
            Ok(success_response) => self.succeed(success_response, request.id),
            Err(error) => self.fail(&error, request.id),
        }
        None
    }

    /// Calls or starts the function of `found`. Returns `None` if the function panics.
    pub(super) fn invoke(
        &mut self,
        request: &Request<'_>,
        found: &Found,
    ) -> Option<Result<Invoked>> {
        match found.handler {
            Handler::Inline(handler) => {
                let called = self.call(request, found.command, handler)?;
                Some(called.map(|()| None))
            }
            Handler::Blocking(_) | Handler::Async(_) => {
                Some(self.start(request, found)?.map(Some))
            }
        }
    }

    /// Calls the function of a command, which writes its return value to `scratch`. Returns `None`
    /// if the function panics.
    #[inline(always)]
    fn call(
        &mut self,
        request: &Request<'_>,
        command: &Command,
        handler: InlineHandler,
    ) -> Option<Result<()>> {
        self.scratch.clear();
        envelope::begin_return(&mut self.scratch, self.outbox.format());
        let Self { service, context, visit_options, value_format, scratch, .. } = self;
        if let Err(error) = charge_raw(request, command, visit_options.allocated()) {
            return Some(Err(error));
        }
        let context = Context::new(context, service.states());
        let mut arguments = ObjectVisitor::with_options(request.arguments, visit_options);
        let mut out = ReturnWriter::new(scratch, value_format);
        // A panic can leave two things inconsistent: the function's own data, and `scratch`. An
        // error clears the buffer.
        let call = AssertUnwindSafe(|| handler(&context, &mut arguments, &mut out));
        let called = catch_unwind(call).ok();
        visit_options.allocated().restart();
        called
    }

    /// Checks the arguments of a command whose function runs after the dispatch. Returns `None` if
    /// the code of the arguments panics.
    #[inline(never)]
    fn start(&mut self, request: &Request<'_>, found: &Found) -> Option<Result<Started>> {
        let Self { service, context, visit_options, value_format, .. } = self;
        let allocated = visit_options.allocated();
        if let Err(error) = charge_raw(request, found.command, allocated) {
            return Some(Err(error));
        }
        let control = control(service, found);
        let context = Context::new(context, service.states());
        let context = context.cancellation(control.cancellation());
        let mut arguments = ObjectVisitor::with_options(request.arguments, visit_options);
        let start = AssertUnwindSafe(|| match found.handler {
            Handler::Blocking(handler) => {
                handler(&context, &mut arguments, *value_format).map(Call::Blocking)
            }
            Handler::Async(handler) => {
                handler(&context, &mut arguments, *value_format).map(Call::Async)
            }
            Handler::Inline(_) => unreachable!("`invoke` calls it at once"),
        });
        let started = catch_unwind(start).ok();
        let call = started.map(|call| call.map(|call| with_charge(call, allocated)));
        allocated.restart();
        Some(call?.map(|call| (control, call)))
    }

    /// Sends the reply to a request whose call has ended.
    pub(super) fn finish(&mut self, in_flight: &InFlight, result: Result<Vec<u8>>) {
        let id = in_flight.id.as_ref().map(Document::root);
        let definition = Some(in_flight.control.definition);
        match result {
            Ok(value) => {
                self.scratch.clear();
                envelope::begin_return(&mut self.scratch, self.outbox.format());
                self.scratch.extend_from_slice(&value);
                self.succeed_observed(in_flight.success_response, id, definition);
            }
            Err(error) => self.fail_observed(&error, id, definition),
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
    pub(super) fn fail(&mut self, error: &Error, id: Option<Value<'_>>) {
        self.scratch.clear();
        let id = id.filter(|id| !self.is_too_long(Some(*id)));
        envelope::error(&mut self.scratch, error, id, self.outbox.format());
        self.send();
    }

    /// Whether a reply with `id` could exceed the output limit.
    pub(super) fn is_too_long(&self, id: Option<Value<'_>>) -> bool {
        let style = self.outbox.format().style;
        id.is_some_and(|id| id.may_exceed_as_text(self.output_limit, style))
    }

    pub(super) fn send(&mut self) {
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

/// A call that continues after the dispatch.
type Started = (Arc<CallControl>, Call);

/// The call in flight; `None` where the return value has been written.
pub(super) type Invoked = Option<Started>;

/// A command that may run.
pub(super) struct Found {
    pub(super) definition: &'static Definition,
    pub(super) command: &'static Command,
    pub(super) handler: Handler,
}

/// Charges the arguments of a command that takes them as JSON.
#[inline]
fn charge_raw(request: &Request<'_>, command: &Command, allocated: &Allocated) -> Result<()> {
    if !command.raw {
        return Ok(());
    }
    allocated.add(request.arguments.map_or(0, Value::tree_size))
}

/// The control of a call that outlives the dispatch.
#[cold]
fn control(service: &Service, &Found { definition, command, .. }: &Found) -> Arc<CallControl> {
    Arc::new(CallControl {
        definition,
        deadline: command.deadline.resolve(service.observation().call_deadline),
        cancel_on_disconnect: command.cancel_on_disconnect,
        cancellation: Arc::default(),
        tracker: OnceLock::new(),
    })
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

/// Finds the command, and checks that the session may execute it now.
#[inline(always)]
pub(super) fn find_command(
    service: &Service,
    session: &SessionContext,
    request: &Request<'_>,
) -> Result<Found> {
    let name = request.command;
    if !session.is_negotiated() && name != NEGOTIATION_COMMAND {
        return Err(messages::expecting_negotiation());
    }
    let (definition, command, &handler) = service
        .registry()
        .served_command(name)
        .filter(|(definition, ..)| session.may_execute(definition))
        .ok_or_else(|| messages::command_not_found(name))?;
    service.view().admit_command(definition)?;
    if request.oob && !(command.allow_oob && matches!(handler, Handler::Inline(_))) {
        return Err(messages::oob_not_supported(name));
    }
    if !command.allow_preconfig && service.preconfig().is_active() {
        return Err(messages::permitted_after_preconfig(name));
    }
    Ok(Found { definition, command, handler })
}
