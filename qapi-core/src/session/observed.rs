//! The dispatch of a server with hooks or logs.

use std::sync::Arc;
use std::time::Instant;

use tracing::Span;

use super::in_flight::InFlight;
use super::responder::{Found, Invoked, Responder, find_command};
use crate::call::handler::Call;
use crate::error::{Error, Result};
use crate::messages;
use crate::observe::call::{CallInfo, CallOutcome, RejectedRequest};
use crate::observe::tracker::CallTracker;
use crate::protocol::envelope::{self, Request};
use crate::schema::definition::Definition;
use crate::schema::query::as_command;
use crate::wire::document::Document;
use crate::wire::error::JsonError;
use crate::wire::value::Value;

impl Responder {
    /// Serves a message that arrived at `received`, with the hooks and logs of the service.
    #[cold]
    pub(super) fn serve_observed(
        &mut self,
        message: &Document,
        is_large: bool,
        received: Instant,
    ) -> Option<(InFlight, Call)> {
        let service = Arc::clone(&self.service);
        let traffic = &service.observation().traffic;
        let parsed = Request::parse(message, self.context.is_oob());
        let named = parsed.as_ref().ok().and_then(|request| {
            let definition = service.registry().definition(request.command)?;
            as_command(definition).map(|_| definition)
        });
        if let Some(log) = traffic {
            log.request(&self.context, message, named);
        }
        let request = match parsed {
            Ok(request) => request,
            Err(error) => {
                self.fail_observed(&error, envelope::request_id(message), None);
                return None;
            }
        };
        if is_large && self.is_too_long(request.id) {
            self.fail_observed(&messages::id_too_long(), None, named);
            return None;
        }
        let found = match find_command(&service, &self.context, &request) {
            Ok(found) => found,
            Err(error) => {
                let (command, session) = (request.command, &*self.context);
                let rejected = RejectedRequest { command, session, error: &error };
                service.observation().hooks.rejected(&rejected);
                self.fail_observed(&error, request.id, named);
                return None;
            }
        };
        match self.call_observed(&request, &found, received) {
            Ok(None) => {
                self.succeed_observed(found.command.success_response, request.id, named);
                None
            }
            Ok(Some((control, call))) => {
                let id = request.id.map(Value::to_document);
                let success_response = found.command.success_response;
                Some((InFlight { id, success_response, control }, call))
            }
            Err(error) => {
                self.fail_observed(&error, request.id, named);
                None
            }
        }
    }

    /// Calls the function between the hooks.
    fn call_observed(
        &mut self,
        request: &Request<'_>,
        found: &Found,
        received: Instant,
    ) -> Result<Invoked> {
        let service = Arc::clone(&self.service);
        let observation = service.observation();
        let context = Arc::clone(&self.context);
        let (definition, execution) = (found.definition, found.handler.execution());
        let info = CallInfo { definition, session: &context, execution, is_oob: request.oob };
        let tracker = Arc::new(CallTracker::new(&observation.hooks, &context, &info, received));
        if let Err(error) = observation.hooks.before(&info) {
            tracker.end(CallOutcome::Refused(error.class()));
            return Err(error);
        }
        let span = if observation.traces_calls { call_span(&info) } else { Span::none() };
        tracker.begin();
        let invoked = span.in_scope(|| self.invoke(request, found));
        match invoked {
            None => {
                tracker.end(CallOutcome::Panicked);
                Err(messages::handler_panicked(definition.name))
            }
            Some(Ok(Some((control, call)))) => {
                let _ = control.tracker.set(Arc::clone(&tracker));
                Ok(Some((control, tracker.track(call, span))))
            }
            Some(result) => {
                tracker.end(CallOutcome::of(&result));
                result
            }
        }
    }

    /// Completes, logs and sends the reply, whose return value is already in `scratch`.
    pub(super) fn succeed_observed(
        &mut self,
        success_response: bool,
        id: Option<Value<'_>>,
        definition: Option<&'static Definition>,
    ) {
        if !success_response {
            return;
        }
        envelope::end_return(&mut self.scratch, id, &self.value_format);
        if let Some(log) = &self.service.observation().traffic {
            log.reply(&self.context, &self.scratch, definition);
        }
        self.send();
    }

    /// Logs a text that is not JSON, and the reply to it.
    #[cold]
    pub(super) fn log_rejected(&self, error: &JsonError) {
        if let Some(log) = &self.service.observation().traffic {
            log.malformed(&self.context);
            log.error(&self.context, &Error::generic(error.to_string()), None, None);
        }
    }

    /// Logs and sends an error reply.
    pub(super) fn fail_observed(
        &mut self,
        error: &Error,
        id: Option<Value<'_>>,
        definition: Option<&'static Definition>,
    ) {
        if let Some(log) = &self.service.observation().traffic {
            log.error(&self.context, error, id, definition);
        }
        self.fail(error, id);
    }
}

/// The span of a call: its target is `qapi_core::call`, its level `INFO`.
fn call_span(call: &CallInfo<'_>) -> Span {
    tracing::info_span!(
        target: "qapi_core::call",
        "call",
        command = call.command(),
        session = call.session.id()
    )
}
