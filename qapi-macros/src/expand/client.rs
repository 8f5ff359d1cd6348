//! The struct with which clients execute a command. It has one field for each argument: of the type
//! of the function's parameter, or an `Option` of it for an argument with a default.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Ident, Lifetime, PathArguments, Type,
    parse_quote,
};

use super::members;
use crate::model::{Argument, Command, Head, Member, Parameter, Passing, Role};
use crate::types::{bare, only_argument, result_of, shows_lifetime};

/// An argument as a field of the struct.
struct Field<'a> {
    ident: &'a Ident,
    name: &'a str,
    doc: String,
    /// The type of the value, with the lifetime `'a` in place of each elided lifetime.
    ty: Type,
    /// Whether the field is an `Option` of the type.
    is_optional: bool,
}

/// The struct, and the functions that make it. It can have the name of the function: a function is
/// in the namespace of values, and a struct with named fields is in the namespace of types.
pub(super) fn declare(model: &Command) -> Option<TokenStream> {
    model.client?;
    let Head { ident, name, .. } = &model.head;
    let (visibility, inherited) = (&model.visibility, &model.inherited);
    let doc = format!("`{}`, as a client executes it: the command's arguments.", name.text);
    let fields: Vec<_> = fields(model).collect();
    let declarations = fields.iter().map(|field| {
        let Field { ident, doc, ty, .. } = field;
        let option = option(model);
        let ty = if field.is_optional { quote!(#option<#ty>) } else { quote!(#ty) };
        quote!(#[doc = #doc] #visibility #ident: #ty,)
    });
    let generics = generics(model);
    let functions = functions(model, &fields);
    Some(quote! {
        #(#inherited)*
        #[doc = #doc]
        #[allow(
            dead_code,
            elided_lifetimes_in_paths,
            missing_debug_implementations,
            non_camel_case_types,
            non_snake_case,
            reason = "the struct has the name of the function"
        )]
        #visibility struct #ident #generics { #(#declarations)* }
        #functions
    })
}

/// `new` with the mandatory arguments, and a function for each optional argument.
fn functions(model: &Command, fields: &[Field<'_>]) -> TokenStream {
    let (ident, visibility, generics) = (&model.head.ident, &model.visibility, generics(model));
    let mandatory = || fields.iter().filter(|field| !field.is_optional);
    let parameters = mandatory().map(|Field { ident, ty, .. }| quote!(#ident: #ty));
    let option = option(model);
    let values = fields.iter().map(|Field { ident, is_optional, .. }| {
        if *is_optional { quote!(#ident: #option::None) } else { quote!(#ident) }
    });
    // An argument named `new` has no function.
    let optional = fields.iter().filter(|field| field.is_optional && *field.ident != "new");
    let setters = optional.map(|Field { ident, name, ty, .. }| {
        let doc = format!("Sets the argument `{name}`.");
        quote! {
            #[doc = #doc]
            #[must_use]
            #visibility fn #ident(mut self, #ident: #ty) -> Self {
                self.#ident = #option::Some(#ident);
                self
            }
        }
    });
    let default = mandatory().next().is_none().then(|| {
        let private = private(model);
        quote! {
            #[allow(deprecated, reason = "the struct has the attributes of the function")]
            impl #generics #private::Default for #ident #generics {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    });
    let cfg = model.inherited.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let cfg: Vec<_> = cfg.collect();
    let default = default.map(|default| quote!(#(#cfg)* #default));
    quote! {
        #(#cfg)*
        #[allow(
            clippy::too_many_arguments,
            dead_code,
            deprecated,
            elided_lifetimes_in_paths,
            non_snake_case,
            reason = "the functions have the names and attributes of the command"
        )]
        impl #generics #ident #generics {
            /// The command with its mandatory arguments. Optional arguments are absent.
            #[must_use]
            #visibility fn new(#(#parameters),*) -> Self {
                Self { #(#values),* }
            }
            #(#setters)*
        }
        #default
    }
}

/// The implementation of `QapiCommand` for the struct.
pub(super) fn implement(model: &Command, returns: &TokenStream) -> Option<TokenStream> {
    model.client?;
    let (ident, generics, bounds) = (&model.head.ident, generics(model), bounds(model));
    let serialize =
        arguments(model).map(|(parameter, argument)| serialize(model, parameter, argument));
    Some(quote! {
        #[automatically_derived]
        impl #generics __qapi::QapiCommand for #ident #generics
        where
            #(#bounds,)*
        {
            const DEFINITION: &'static __qapi::Definition = &__DEFINITION;
            type Return = #returns::Value;

            fn serialize_arguments<__M: __qapi::SerializeMap>(
                &self,
                __map: &mut __M,
            ) -> __qapi::Result<(), __M::Error> {
                #(#serialize)*
                __qapi::Ok(())
            }
        }
    })
}

/// The bounds that the implementation relies on. As each of them has a lifetime of its own, the
/// compiler assumes them in the implementation, and checks them where a client executes the
/// command. Without them it would report a wrong type twice: for the function, and for the client.
fn bounds(model: &Command) -> Vec<TokenStream> {
    let returned = model.returns.as_ref().map(|ty| {
        let is_result = result_of(ty).is_some();
        let kind = if is_result { quote!(CommandResult) } else { quote!(CommandReturn) };
        quote!(for<'__any> #ty: __qapi::#kind)
    });
    let borrowed = arguments(model).filter_map(|(parameter, Argument { member, passing })| {
        let declared = bare(&parameter.declared);
        let ty = only_argument(declared, "Option").unwrap_or(declared);
        match (passing, ty) {
            (Passing::Value | Passing::Fd, _) => None,
            (_, Type::Reference(reference)) if member.encodings.is_empty() => {
                let ty = match bare(&reference.elem) {
                    Type::Slice(slice) => {
                        let element = field_type(model, &slice.elem);
                        quote!([#element])
                    }
                    elem => field_type(model, elem).into_token_stream(),
                };
                Some(quote!(for<'__any> #ty: __qapi::Serialize))
            }
            _ => None,
        }
    });
    returned.into_iter().chain(borrowed).collect()
}

fn arguments(model: &Command) -> impl Iterator<Item = (&Parameter, &Argument)> {
    model.parameters.iter().filter_map(|parameter| match &parameter.role {
        Role::Argument(argument) => Some((parameter, argument)),
        Role::State(..) | Role::Session(_) | Role::Cancellation(_) => None,
    })
}

fn fields(model: &Command) -> impl Iterator<Item = Field<'_>> {
    arguments(model).map(|(parameter, Argument { member, passing })| {
        let Member { part, default, .. } = member;
        let doc = match part.doc.overview.as_str() {
            "" => format!("The argument `{}`.", part.name.text),
            doc => doc.to_owned(),
        };
        let declared = bare(&parameter.declared);
        let (ty, is_optional) = match (passing, only_argument(declared, "Option")) {
            (Passing::Fd, inner) => {
                let private = private(model);
                (parse_quote!(#private::String), inner.is_some())
            }
            (_, Some(inner)) => (field_type(model, inner), true),
            (_, None) => (field_type(model, declared), default.is_some()),
        };
        Field { ident: &part.ident, name: &part.name.text, doc, ty, is_optional }
    })
}

/// Serializes an argument to `__map`. An absent argument is not sent, so that the server's default
/// applies.
fn serialize(
    model: &Command,
    parameter: &Parameter,
    Argument { member, passing }: &Argument,
) -> TokenStream {
    let Member { part, ty, encodings, default, secret: _ } = member;
    let (ident, name) = (&part.ident, &part.name.text);
    if model.boxed.is_some() {
        return quote! {
            <#ty as __qapi::QapiObject>::serialize_members(&self.#ident, __map)?;
        };
    }
    let is_optional = match passing {
        Passing::Reference => default.is_some(),
        Passing::OptionalReference | Passing::OptionalSlice => true,
        Passing::Value => return members::serialize_argument(member),
        Passing::Fd => return serialize_fd(parameter, name),
    };
    match (is_optional, encodings.is_empty()) {
        (false, false) => members::serialize_borrowed(member),
        (true, false) => members::serialize_optional_borrowed(member),
        (false, true) => quote! {
            __qapi::SerializeMap::serialize_entry(__map, #name, self.#ident)?;
        },
        (true, true) => quote! {
            if let __qapi::Some(__value) = self.#ident {
                __qapi::SerializeMap::serialize_entry(__map, #name, __value)?;
            }
        },
    }
}

/// Serializes the name of a file descriptor. The type of the parameter has no part in it, so that
/// the compiler reports a wrong type only for the function.
fn serialize_fd(parameter: &Parameter, name: &str) -> TokenStream {
    let ident = &parameter.ident;
    let ty = match only_argument(&parameter.declared, "Option") {
        Some(_) => quote!(__qapi::Option<__qapi::String>),
        None => quote!(__qapi::String),
    };
    quote!(<#ty as __qapi::MemberType>::serialize_member(&self.#ident, #name, __map)?;)
}

/// The module `__private`.
fn private(model: &Command) -> TokenStream {
    let crate_path = &model.head.crate_path;
    quote!(#crate_path::__private)
}

/// The type `Option`, which may have another meaning in the user's module.
fn option(model: &Command) -> TokenStream {
    let private = private(model);
    quote!(#private::Option)
}

fn generics(model: &Command) -> Option<TokenStream> {
    borrows(model).then(|| quote!(<'a>))
}

/// Whether the type of a field has a lifetime.
fn borrows(model: &Command) -> bool {
    arguments(model).any(|(parameter, argument)| {
        argument.passing != Passing::Fd
            && name_lifetimes(&mut bare(&parameter.declared).clone()) == Lifetimes::Named
    })
}

/// The type with explicit lifetimes, which the type of a field requires. A lifetime that the name
/// of the type may hide, and that only the compiler knows, is `'static`.
fn field_type(model: &Command, declared: &Type) -> Type {
    let mut ty = declared.clone();
    name_lifetimes(&mut ty);
    if !may_hide_lifetime(&ty) {
        return ty;
    }
    let private = private(model);
    parse_quote!(<fn(&()) -> #ty as #private::ElidedReturn>::Static)
}

/// The types without a lifetime of their own, by the last segment of their paths.
const WITHOUT_LIFETIME: [&str; 19] = [
    "bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f64", "str", "String", "Path",
    "PathBuf", "Duration", "Vec", "Option", "Box", "Arc",
];

/// Whether the type may have a lifetime that its syntax does not show, as an alias may.
fn may_hide_lifetime(ty: &Type) -> bool {
    match bare(ty) {
        Type::Slice(slice) => may_hide_lifetime(&slice.elem),
        Type::Reference(reference) => may_hide_lifetime(&reference.elem),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return false };
            let is_known = WITHOUT_LIFETIME.iter().any(|name| last.ident == name);
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return !is_known;
            };
            let hides = |argument: &GenericArgument| match argument {
                GenericArgument::Type(ty) => may_hide_lifetime(ty),
                _ => false,
            };
            arguments.args.iter().any(hides) || !is_known && !shows_lifetime(&last.arguments)
        }
        _ => false,
    }
}

/// Whether a type has lifetimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lifetimes {
    None,
    Named,
}

impl Lifetimes {
    fn or(self, other: Self) -> Self {
        if self == Self::None { other } else { self }
    }
}

/// Writes `'a` in place of each lifetime that is elided, or hidden in `Cow<str>`.
fn name_lifetimes(ty: &mut Type) -> Lifetimes {
    let named = || Lifetime::new("'a", Span::call_site());
    match ty {
        Type::Group(group) => name_lifetimes(&mut group.elem),
        Type::Paren(paren) => name_lifetimes(&mut paren.elem),
        Type::Slice(slice) => name_lifetimes(&mut slice.elem),
        Type::Reference(reference) => {
            reference.lifetime = Some(named());
            name_lifetimes(&mut reference.elem);
            Lifetimes::Named
        }
        Type::Path(path) => {
            let Some(last) = path.path.segments.last_mut() else { return Lifetimes::None };
            let adds_lifetime = last.ident == "Cow" && !shows_lifetime(&last.arguments);
            let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
                return Lifetimes::None;
            };
            if adds_lifetime {
                arguments.args.insert(0, GenericArgument::Lifetime(named()));
            }
            name_lifetimes_of(arguments, named)
        }
        _ => Lifetimes::None,
    }
}

fn name_lifetimes_of(
    arguments: &mut AngleBracketedGenericArguments,
    named: impl Fn() -> Lifetime,
) -> Lifetimes {
    let mut found = Lifetimes::None;
    for argument in &mut arguments.args {
        match argument {
            GenericArgument::Lifetime(lifetime) if lifetime.ident == "static" => {}
            GenericArgument::Lifetime(lifetime) => {
                *lifetime = named();
                found = Lifetimes::Named;
            }
            GenericArgument::Type(ty) => found = found.or(name_lifetimes(ty)),
            _ => {}
        }
    }
    found
}
