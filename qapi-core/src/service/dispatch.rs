//! From a request to the function that serves it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::context::Context;
use crate::descriptor::{AsyncCall, BlockingCall, Command, Handler};
use crate::error::Result;
use crate::messages;
use crate::policy::InputKind;
use crate::projection::{Origin, marks_as_of};
use crate::reply::ReturnWriter;
use crate::schema::model::as_command;
use crate::service::Service;
use crate::session::{Request, SessionContext};
use crate::visitor::ObjectVisitor;
use crate::wire::Style;

/// The one command that may be executed before negotiation: it is the negotiation.
const NEGOTIATION_COMMAND: &str = "qmp_capabilities";

/// What became of a request that was not refused.
pub(crate) struct Dispatched {
    /// Whether success is answered.
    pub(crate) success_response: bool,
    /// How the call goes on elsewhere; `None` where the returned value has been written.
    pub(crate) pending: Option<Call>,
}

/// A call that goes on after it was dispatched.
pub enum Call {
    /// To be awaited.
    Async(AsyncCall),
    /// To be run on a thread where blocking is allowed.
    Blocking(BlockingCall),
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Async",
            Self::Blocking(_) => "Blocking",
        })
    }
}

/// Finds the command, checks that it may run, and calls its function; the returned value goes to
/// `out`.
pub(crate) fn dispatch(
    service: &Service,
    session: &Arc<SessionContext>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
    style: &Style,
) -> Result<Dispatched> {
    let command = find(service, session, request)?;
    let context = Context::new(session, service.states());
    let (compat, as_of) = (service.policy().compat_policy(), service.registry().projection());
    let mut arguments =
        ObjectVisitor::arguments(request.arguments).compat(compat).projected(as_of);
    let call = || match command.handler {
        Handler::Inline(handler) => {
            handler(&context, &mut arguments, &mut ReturnWriter::new(out, style)).map(|()| None)
        }
        Handler::Blocking(handler) => {
            handler(&context, &mut arguments, *style).map(|call| Some(Call::Blocking(call)))
        }
        Handler::Async(handler) => {
            handler(&context, &mut arguments, *style).map(|call| Some(Call::Async(call)))
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
) -> Result<&'s Command> {
    let name = request.command;
    if !session.is_negotiated() && name != NEGOTIATION_COMMAND {
        return Err(messages::expecting_negotiation());
    }
    let policy = service.policy();
    let (definition, command) = service
        .registry()
        .definition(name)
        .and_then(|definition| Some((definition, as_command(definition)?)))
        .filter(|_| policy.may_execute(session.peer(), name))
        .ok_or_else(|| messages::command_not_found(name))?;
    let as_of = service.registry().projection();
    let marks = marks_as_of(as_of, Origin::of(definition), definition.features);
    policy.compat_policy().check(marks, InputKind::Command, name)?;
    if request.oob && !(command.allow_oob && matches!(command.handler, Handler::Inline(_))) {
        return Err(messages::oob_not_supported(name));
    }
    if !command.allow_preconfig && service.preconfig().is_active() {
        return Err(messages::permitted_after_preconfig(name));
    }
    Ok(command)
}
