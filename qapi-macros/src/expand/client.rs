//! The struct with which clients execute a command. It has one field for each argument: of the type
//! of the function's parameter, or an `Option` of it for an argument with a default.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Ident, Lifetime, PathArguments, Type,
    parse_quote,
};

use super::members;
use crate::model::{Argument, Command, Head, Member, Parameter, Passing, Role};
use crate::types::{bare, only_argument};

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
    let ident = &model.head.ident;
    let generics = borrows(model).then(|| quote!(<'_>));
    let serialize = arguments(model).map(|(_, argument)| serialize(model, argument));
    Some(quote! {
        #[automatically_derived]
        impl __qapi::QapiCommand for #ident #generics {
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
                let declared = inner.unwrap_or(declared);
                (parse_quote!(<#declared as #private::FdParameter>::Name), inner.is_some())
            }
            (_, Some(inner)) => (with_lifetime(inner), true),
            (_, None) => (with_lifetime(declared), default.is_some()),
        };
        Field { ident: &part.ident, name: &part.name.text, doc, ty, is_optional }
    })
}

/// Serializes an argument to `__map`. An absent argument is not sent, so that the server's default
/// applies.
fn serialize(model: &Command, Argument { member, passing }: &Argument) -> TokenStream {
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
        Passing::Value | Passing::Fd => return members::serialize_argument(member),
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

/// The type with explicit lifetimes, which the type of a field requires.
fn with_lifetime(declared: &Type) -> Type {
    let mut ty = declared.clone();
    name_lifetimes(&mut ty);
    ty
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
            let is_cow = last.ident == "Cow";
            let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
                return Lifetimes::None;
            };
            let has_lifetime = |argument| matches!(argument, &GenericArgument::Lifetime(_));
            if is_cow && !arguments.args.iter().any(has_lifetime) {
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
