//! From a request to its reply: finds the command, calls its function, and sends the reply.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::in_flight::{CallControl, InFlight};
use super::options::SessionOptions;
use crate::call::handler::{Call, Context, Handler, ReturnWriter};
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
    pub(super) fn serve(
        &mut self,
        message: &Document,
        is_large: bool,
        received: Option<Instant>,
    ) -> Option<(InFlight, Call)> {
        if let Some(received) = received {
            return self.serve_observed(message, is_large, received);
        }
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
        let dispatched = self.dispatch(&request);
        self.visit_options.allocated().restart();
        match dispatched {
            Ok((success_response, None)) => self.succeed(success_response, request.id),
            Ok((success_response, Some((control, call)))) => {
                let id = request.id.map(Value::to_document);
                return Some((InFlight { id, success_response, control }, call));
            }
            Err(error) => self.fail(&error, request.id),
        }
        None
    }

    /// Finds the command, checks that it may run, and calls its function. Returns whether the
    /// command has a success reply, and the call in flight.
    #[inline]
    fn dispatch(&mut self, request: &Request<'_>) -> Result<(bool, Invoked)> {
        self.scratch.clear();
        envelope::begin_return(&mut self.scratch, self.outbox.format());
        let Self { service, context, visit_options, value_format, scratch, .. } = self;
        let found = find_command(service, context, request)?;
        let writer = ReturnWriter::new(scratch, value_format);
        let invoked = invoke(service, context, visit_options, request, &found, writer)
            .unwrap_or_else(|| Err(messages::handler_panicked(request.command)))?;
        Ok((found.command.success_response, invoked))
    }

    /// Calls the function of `found`; as [`invoke`].
    pub(super) fn invoke(
        &mut self,
        request: &Request<'_>,
        found: &Found<'_>,
    ) -> Option<Result<Invoked>> {
        self.scratch.clear();
        envelope::begin_return(&mut self.scratch, self.outbox.format());
        let Self { service, context, visit_options, value_format, scratch, .. } = self;
        let writer = ReturnWriter::new(scratch, value_format);
        let invoked = invoke(service, context, visit_options, request, found, writer);
        self.visit_options.allocated().restart();
        invoked
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

/// The call in flight; `None` where the return value has been written.
pub(super) type Invoked = Option<(Arc<CallControl>, Call)>;

/// A command that may run.
pub(super) struct Found<'s> {
    pub(super) definition: &'static Definition,
    pub(super) command: &'static Command,
    pub(super) handler: &'s Handler,
}

/// Calls the function of a command, which writes its return value to `out`. Returns `None` if the
/// function panics.
#[inline]
fn invoke(
    service: &Service,
    session: &Arc<SessionContext>,
    visit_options: &VisitOptions,
    request: &Request<'_>,
    found: &Found<'_>,
    mut out: ReturnWriter<'_>,
) -> Option<Result<Invoked>> {
    let allocated = visit_options.allocated();
    if found.command.raw
        && let Err(error) = allocated.add(request.arguments.map_or(0, Value::tree_size))
    {
        return Some(Err(error));
    }
    let context = Context::new(session, service.states());
    let mut arguments = ObjectVisitor::with_options(request.arguments, visit_options);
    let call = || match *found.handler {
        Handler::Inline(handler) => handler(&context, &mut arguments, &mut out).map(|()| None),
        Handler::Blocking(handler) => {
            let control = control(service, found);
            let context = context.cancellation(control.cancellation());
            let call = Call::Blocking(handler(&context, &mut arguments, *out.format())?);
            Ok(Some((control, with_charge(call, allocated))))
        }
        Handler::Async(handler) => {
            let control = control(service, found);
            let context = context.cancellation(control.cancellation());
            let call = Call::Async(handler(&context, &mut arguments, *out.format())?);
            Ok(Some((control, with_charge(call, allocated))))
        }
    };
    // A panic can leave two things inconsistent: the function's own data, and `out`. The caller
    // clears its buffer after an error.
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// The control of a call that outlives the dispatch.
#[cold]
fn control(
    service: &Service,
    &Found { definition, command, .. }: &Found<'_>,
) -> Arc<CallControl> {
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
pub(super) fn find_command<'s>(
    service: &'s Service,
    session: &SessionContext,
    request: &Request<'_>,
) -> Result<Found<'s>> {
    let name = request.command;
    if !session.is_negotiated() && name != NEGOTIATION_COMMAND {
        return Err(messages::expecting_negotiation());
    }
    let (definition, command, handler) = service
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
