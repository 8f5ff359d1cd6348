//! `#[qapi_command]`

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;

use super::{client, description, located_at, members, scope};
use crate::errors::Checked;
use crate::model::{
    Argument, Command, Execution, Member, Parameter, Passing, Period, Raw, Registered, Role,
    Sharing,
};
use crate::types::{at_last_segment, last_segment, result_of};

pub(crate) fn expand(model: &Checked<Command>) -> TokenStream {
    let (arguments, table) = arguments(model);
    let definition = description(&model.head, &kind(model, &arguments));
    let client = client::implement(model, &returns(model));
    let client_struct = client::declare(model);
    if model.is_declaration {
        let crate_path = &model.head.crate_path;
        let declared = quote! {
            #crate_path::__private::inventory::submit!(__qapi::Declaration::new(&__DEFINITION));
        };
        let code = scope(&model.head, &quote!(#definition #table #client #declared));
        return quote!(#client_struct #code);
    }
    let handler = handler(model);
    let code = quote!(#definition #table #handler #client);
    let registered = registered(model, &code);
    quote!(#client_struct #registered)
}

/// The generated `code` with the registration of the command, which is an entry in the inventory
/// or the value of a static.
fn registered(model: &Command, code: &TokenStream) -> TokenStream {
    let handler = match model.execution {
        Execution::Inline => quote!(Inline),
        Execution::Blocking => quote!(Blocking),
        Execution::Async => quote!(Async),
    };
    let registration =
        quote!(__qapi::Registration::command(&__DEFINITION, __qapi::Handler::#handler(__handle)));
    match &model.head.registered {
        Registered::Inventory | Registered::Reference => {
            let crate_path = &model.head.crate_path;
            let submit = quote!(#crate_path::__private::submit!(#registration););
            scope(&model.head, &quote!(#code #submit))
        }
        Registered::Static(name) => {
            let (visibility, crate_path) = (&model.visibility, &model.head.crate_path);
            let doc = format!("Registers the command `{}`.", model.head.name.text);
            let inherited = &model.inherited;
            quote! {
                #(#inherited)*
                #[doc = #doc]
                #[allow(
                    deprecated,
                    non_local_definitions,
                    non_snake_case,
                    reason = "the definition and the client's struct belong to the command"
                )]
                #visibility static #name: #crate_path::__private::Registration = {
                    use #crate_path::__private as __qapi;
                    #code
                    #registration
                };
            }
        }
    }
}

/// The description of the command.
fn kind(model: &Command, arguments: &TokenStream) -> TokenStream {
    let returns = match model.raw.as_ref().and_then(|raw| raw.returns.as_ref()) {
        Some(ty) => quote!(<#ty as __qapi::CommandReturn>),
        None => returns(model),
    };
    let options = [
        model.allow_oob.map(|_| quote!(.allow_oob())),
        model.allow_preconfig.map(|_| quote!(.allow_preconfig())),
        model.no_success_response.map(|_| quote!(.no_success_response())),
        model.raw.as_ref().map(|_| quote!(.raw())),
        model.returns_exception.map(|_| quote!(.returns_exception())),
        requirements(model),
        model.deadline.as_ref().map(deadline),
        model.cancel_on_disconnect.map(|_| quote!(.cancel_on_disconnect())),
    ];
    let options = options.iter().flatten();
    quote! {
        __qapi::DefinitionKind::Command(
            __qapi::Command::new(
                __qapi::Arguments::#arguments,
                __qapi::Reference::by_function(#returns::returns),
            ) #(#options)*
        )
    }
}

/// The description of the deadline.
fn deadline(period: &Period) -> TokenStream {
    match period.milliseconds {
        Some(milliseconds) => quote!(.deadline(__qapi::Deadline::Milliseconds(#milliseconds))),
        None => quote!(.deadline(__qapi::Deadline::Unlimited)),
    }
}

/// The implementation of `CommandReturn` for the return type.
fn returns(model: &Command) -> TokenStream {
    match &model.returns {
        Some(ty) if result_of(ty).is_some() => quote!(<#ty as __qapi::CommandResult>),
        Some(ty) => quote!(<#ty as __qapi::CommandReturn>),
        None => quote!(<() as __qapi::CommandReturn>),
    }
}

/// The description of the arguments, and the table of members that it refers to, if any.
fn arguments(model: &Command) -> (TokenStream, Option<TokenStream>) {
    let arguments = model.parameters.iter().filter_map(|parameter| match &parameter.role {
        Role::Argument(argument) => Some(&argument.member),
        Role::State(..) | Role::Session(_) | Role::Cancellation(_) => None,
    });
    if let Some(Raw { data, .. }) = &model.raw {
        return match data {
            Some(ty) => {
                let ty = members::object_reference(ty);
                (quote!(Type(#ty)), None)
            }
            None => (quote!(Members(&[])), None),
        };
    }
    if model.boxed.is_none() {
        return (quote!(Members(__MEMBERS)), Some(members::table(arguments.map(members::entry))));
    }
    let types = arguments.map(|Member { ty, .. }| members::object_reference(ty));
    (quote!(Type(#(#types)*)), None)
}

/// The description of the state that the function requires, if it requires any.
fn requirements(model: &Command) -> Option<TokenStream> {
    let kind = if model.allow_oob.is_some() { quote!(OobSafe) } else { quote!(State) };
    let required = model.parameters.iter().filter_map(|parameter| match &parameter.role {
        Role::State(ty, _) => Some(quote!(<#ty as __qapi::#kind>::REQUIREMENT)),
        Role::Session(_) | Role::Cancellation(_) | Role::Argument(_) => None,
    });
    let required: Vec<_> = required.collect();
    (!required.is_empty()).then(|| quote!(.requires(&[#(#required),*])))
}

/// The function that visits the arguments, injects state and session, and calls the user's
/// function.
fn handler(model: &Command) -> TokenStream {
    let visits = model.parameters.iter().filter_map(|parameter| visit(model, parameter));
    let injections = model.parameters.iter().filter_map(|parameter| inject(model, parameter));
    let function = &model.head.ident;
    let passed = model.parameters.iter().map(|parameter| passed(model, parameter));
    let call = quote!(#function(#(#passed),*));
    let (returns, span) = (returns(model), located_at(function));
    let (last_parameter, result, finish) = match model.execution {
        Execution::Inline => (
            quote!(__out: &mut __qapi::ReturnWriter<'_>),
            quote!(()),
            quote!(#returns::write(#call, __out)),
        ),
        Execution::Blocking => (
            quote!(__format: __qapi::MessageFormat),
            quote!(__qapi::BlockingCall),
            quote_spanned! {span=>
                __qapi::Ok(__qapi::blocking_call(__format, #returns::write, move || #call))
            },
        ),
        Execution::Async => (
            quote!(__format: __qapi::MessageFormat),
            quote!(__qapi::AsyncCall),
            quote_spanned! {span=>
                __qapi::Ok(__qapi::async_command_must_be_send(
                    __format, #returns::write, async move { #call.await },
                ))
            },
        ),
    };
    let finish_visit = (!takes_raw(model)).then(|| quote!(__object.finish()?;));
    quote! {
        fn __handle(
            __context: &__qapi::Context<'_>,
            __object: &mut __qapi::ObjectVisitor<'_, '_>,
            #last_parameter,
        ) -> __qapi::Result<#result> {
            #(#visits)*
            #finish_visit
            #(#injections)*
            #finish
        }
    }
}

/// Visits the argument, if `parameter` is one.
fn visit(model: &Command, parameter: &Parameter) -> Option<TokenStream> {
    let Role::Argument(Argument { member, passing: _ }) = &parameter.role else { return None };
    let (local, ty) = (local(parameter), &member.ty);
    let value = match (&model.raw, model.boxed) {
        (Some(_), _) => quote!(<#ty as __qapi::RawArguments>::take(__object)),
        (None, Some(_)) => quote!(<#ty as __qapi::QapiObject>::visit_members(__object)?),
        (None, None) => members::visit(member),
    };
    Some(quote!(let #local = #value;))
}

/// Whether the function takes all arguments as one map without a visit.
fn takes_raw(model: &Command) -> bool {
    let is_argument = |parameter: &Parameter| matches!(parameter.role, Role::Argument(_));
    model.raw.is_some() && model.parameters.iter().any(is_argument)
}

/// Fetches state, session or file descriptor from the call's context.
fn inject(model: &Command, parameter: &Parameter) -> Option<TokenStream> {
    let local = local(parameter);
    let value = match &parameter.role {
        Role::State(ty, sharing) if borrows(model, *sharing) => {
            quote!(<#ty as __qapi::State>::lend(__context)?)
        }
        Role::State(ty, _) => quote!(<#ty as __qapi::State>::share(__context)?),
        Role::Session(sharing) if borrows(model, *sharing) => quote!(__context.session()),
        Role::Session(_) => quote!(__context.shared_session()),
        Role::Cancellation(_) => quote!(__context.shared_cancellation()),
        Role::Argument(argument) => match argument.passing {
            Passing::Fd => take_fd(parameter),
            Passing::Value
            | Passing::Reference
            | Passing::OptionalReference
            | Passing::OptionalSlice => return None,
        },
    };
    Some(quote!(let #local = #value;))
}

/// Takes the file descriptor that the argument names. The code follows the visit of all
/// arguments, so that an invalid argument leaves the descriptor with the session.
fn take_fd(parameter: &Parameter) -> TokenStream {
    let (local, ty) = (local(parameter), at_last_segment(&parameter.declared));
    let span = Span::call_site().located_at(last_segment(&parameter.declared));
    quote_spanned!(span=> <#ty as __qapi::FdParameter>::take(#local, __context)?)
}

/// The expression for `parameter` in the call.
fn passed(model: &Command, parameter: &Parameter) -> TokenStream {
    let local = local(parameter);
    match &parameter.role {
        Role::State(_, sharing) | Role::Session(sharing) | Role::Cancellation(sharing) => {
            match sharing {
                Sharing::Reference if !borrows(model, *sharing) => quote!(&#local),
                Sharing::Reference | Sharing::Arc => quote!(#local),
            }
        }
        Role::Argument(argument) => match argument.passing {
            Passing::Value | Passing::Fd => quote!(#local),
            Passing::Reference => quote!(&#local),
            Passing::OptionalReference => quote!(#local.as_ref()),
            Passing::OptionalSlice => quote!(#local.as_deref()),
        },
    }
}

/// Whether the call borrows state and session. A call that outlives the dispatch has an `Arc`.
fn borrows(model: &Command, sharing: Sharing) -> bool {
    match (model.execution, sharing) {
        (Execution::Inline, Sharing::Reference) => true,
        (Execution::Inline, Sharing::Arc)
        | (Execution::Blocking | Execution::Async, Sharing::Reference | Sharing::Arc) => false,
    }
}

/// The local variable for the value of `parameter`. No other generated name has this prefix, so
/// that a parameter may be named `context`, `object` or anything else.
fn local(parameter: &Parameter) -> Ident {
    let mut local = format_ident!("__given_{}", parameter.ident.unraw());
    if let Role::Argument(Argument { passing: Passing::Fd, .. }) = &parameter.role {
        // With the span of the type, the compiler reports an error of the type only once.
        local.set_span(local.span().located_at(last_segment(&parameter.declared)));
    }
    local
}
