//! `#[qapi_command]`

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Type};

use super::{client, definition, members, place_of, scope};
use crate::errors::Checked;
use crate::model::{
    Argument, Command, Execution, Member, Parameter, Passing, Raw, Role, Sharing,
};

pub(crate) fn expand(model: &Checked<Command>) -> TokenStream {
    let (arguments, table) = arguments(model);
    let (definition, handler) =
        (definition(&model.head, &kind(model, &arguments)), handler(model));
    let client = client::implement(model, &returns(model));
    let declared = client::declare(model);
    let scope = scope(&model.head, &quote!(#definition #table #handler #client));
    quote!(#declared #scope)
}

/// What describes the command.
fn kind(model: &Command, arguments: &TokenStream) -> TokenStream {
    let returns = returns(model);
    let told = match model.raw.as_ref().and_then(|raw| raw.returns.as_ref()) {
        Some(ty) => quote!(<#ty as __qapi::CommandReturn>),
        None => returns,
    };
    let more = [
        model.allow_oob.map(|_| quote!(.allow_oob())),
        model.allow_preconfig.map(|_| quote!(.allow_preconfig())),
        model.no_success_response.map(|_| quote!(.no_success_response())),
        model.raw.as_ref().map(|_| quote!(.raw())),
        model.returns_exception.map(|_| quote!(.returns_exception())),
        needs(model),
    ];
    let more = more.iter().flatten();
    let handler = match model.execution {
        Execution::Inline => quote!(Inline),
        Execution::Blocking => quote!(Blocking),
        Execution::Async => quote!(Async),
    };
    quote! {
        __qapi::DefinitionKind::Command(
            __qapi::command(
                __qapi::Arguments::#arguments,
                #told::returns,
                __qapi::Handler::#handler(__handle),
            )
            #(#more)*
        )
    }
}

/// The implementation that the returned type must have.
fn returns(model: &Command) -> TokenStream {
    match &model.returns {
        Some(ty) => quote!(<#ty as __qapi::CommandReturn>),
        None => quote!(<() as __qapi::CommandReturn>),
    }
}

/// What the command takes, and the table of it if there is one.
fn arguments(model: &Command) -> (TokenStream, Option<TokenStream>) {
    let arguments = model.parameters.iter().filter_map(|parameter| match &parameter.role {
        Role::Argument(argument) => Some(&argument.member),
        Role::State(..) | Role::Session(_) => None,
    });
    if let Some(Raw { data, .. }) = &model.raw {
        return match data {
            Some(ty) => (quote!(Type(<#ty as __qapi::QapiObject>::object_type)), None),
            None => (quote!(Members(&[])), None),
        };
    }
    if model.boxed.is_none() {
        return (quote!(Members(__MEMBERS)), Some(members::table(arguments.map(members::entry))));
    }
    let types =
        arguments.map(|Member { ty, .. }| quote!(<#ty as __qapi::QapiObject>::object_type));
    (quote!(Type(#(#types)*)), None)
}

/// The state that the function wants, if it wants any.
fn needs(model: &Command) -> Option<TokenStream> {
    let kind = if model.allow_oob.is_some() { quote!(OobSafe) } else { quote!(State) };
    let needs = model.parameters.iter().filter_map(|parameter| match &parameter.role {
        Role::State(ty, _) => Some(quote!(<#ty as __qapi::#kind>::NEED)),
        Role::Session(_) | Role::Argument(_) => None,
    });
    let needs: Vec<_> = needs.collect();
    (!needs.is_empty()).then(|| quote!(.needs(&[#(#needs),*])))
}

/// The function that reads the arguments, gathers the rest, and calls the user's function.
fn handler(model: &Command) -> TokenStream {
    let reads = model.parameters.iter().filter_map(|parameter| read(model, parameter));
    let gathers = model.parameters.iter().filter_map(|parameter| gather(model, parameter));
    let function = &model.head.ident;
    let passed = model.parameters.iter().map(|parameter| passed(model, parameter));
    let call = quote!(#function(#(#passed),*));
    let (returns, place) = (returns(model), place_of(function));
    let (last, result, finish) = match model.execution {
        Execution::Inline => (
            quote!(__out: &mut __qapi::ReturnWriter<'_>),
            quote!(()),
            quote!(#returns::write(#call, __out)),
        ),
        Execution::Blocking => (
            quote!(__style: __qapi::Style),
            quote!(__qapi::BlockingCall),
            quote_spanned! {place=>
                __qapi::Ok(__qapi::blocking_call(__style, #returns::write, move || #call))
            },
        ),
        Execution::Async => (
            quote!(__style: __qapi::Style),
            quote!(__qapi::AsyncCall),
            quote_spanned! {place=>
                __qapi::Ok(__qapi::async_call(__style, #returns::write, async move {
                    #call.await
                }))
            },
        ),
    };
    let finish_visit = (!takes_raw(model)).then(|| quote!(__object.finish()?;));
    quote! {
        fn __handle(
            __context: &__qapi::Context<'_>,
            __object: &mut __qapi::ObjectVisitor<'_, '_>,
            #last,
        ) -> __qapi::Result<#result> {
            #(#reads)*
            #finish_visit
            #(#gathers)*
            #finish
        }
    }
}

/// Reads the argument that `parameter` is, if it is one.
fn read(model: &Command, parameter: &Parameter) -> Option<TokenStream> {
    let Role::Argument(Argument { member, passing: _ }) = &parameter.role else { return None };
    let (local, ty) = (local(parameter), &member.ty);
    let value = match (&model.raw, model.boxed) {
        (Some(_), _) => quote!(<#ty as __qapi::RawArguments>::take(__object)),
        (None, Some(_)) => quote!(<#ty as __qapi::QapiObject>::visit_members(__object)?),
        (None, None) => members::visit(member),
    };
    Some(quote!(let #local = #value;))
}

/// Whether the function takes the arguments as they come, whatever they are.
fn takes_raw(model: &Command) -> bool {
    let is_argument = |parameter: &Parameter| matches!(parameter.role, Role::Argument(_));
    model.raw.is_some() && model.parameters.iter().any(is_argument)
}

/// Fetches what is neither an argument nor the caller's to give.
fn gather(model: &Command, parameter: &Parameter) -> Option<TokenStream> {
    let local = local(parameter);
    let lent = |sharing| lends(model, sharing);
    let value = match &parameter.role {
        Role::State(ty, sharing) => state(ty, lent(*sharing)),
        Role::Session(sharing) if lent(*sharing) => quote!(__context.session()),
        Role::Session(_) => quote!(__context.shared_session()),
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

/// Takes the descriptor that the argument names, once all arguments are known to be good.
fn take_fd(parameter: &Parameter) -> TokenStream {
    let (local, ty) = (local(parameter), &parameter.written);
    let place = place_of(ty);
    quote_spanned!(place=> <#ty as __qapi::FdParameter>::take(#local, __context)?)
}

fn state(ty: &Type, lent: bool) -> TokenStream {
    if lent {
        quote!(<#ty as __qapi::State>::lend(__context)?)
    } else {
        quote!(<#ty as __qapi::State>::share(__context)?)
    }
}

/// The expression for `parameter` in the call.
fn passed(model: &Command, parameter: &Parameter) -> TokenStream {
    let local = local(parameter);
    match &parameter.role {
        Role::State(_, sharing) | Role::Session(sharing) => match sharing {
            Sharing::Reference if !lends(model, *sharing) => quote!(&#local),
            Sharing::Reference | Sharing::Arc => quote!(#local),
        },
        Role::Argument(argument) => match argument.passing {
            Passing::Value | Passing::Fd => quote!(#local),
            Passing::Reference => quote!(&#local),
            Passing::OptionalReference => quote!(#local.as_ref()),
            Passing::OptionalSlice => quote!(#local.as_deref()),
        },
    }
}

/// Whether what the server has is borrowed for the call; one that outlives it holds an `Arc`.
fn lends(model: &Command, sharing: Sharing) -> bool {
    match (model.execution, sharing) {
        (Execution::Inline, Sharing::Reference) => true,
        (Execution::Inline, Sharing::Arc)
        | (Execution::Blocking | Execution::Async, Sharing::Reference | Sharing::Arc) => false,
    }
}

/// The variable that holds the value of `parameter`. No other made-up name begins like it, so
/// that a parameter may be called `context`, `object` or anything else.
fn local(parameter: &Parameter) -> Ident {
    let mut local = format_ident!("__given_{}", parameter.ident.unraw());
    if let Role::Argument(Argument { passing: Passing::Fd, .. }) = &parameter.role {
        // What the compiler finds wrong with it, it finds wrong with the type: then it says so
        // once.
        local.set_span(local.span().located_at(parameter.written.span()));
    }
    local
}
