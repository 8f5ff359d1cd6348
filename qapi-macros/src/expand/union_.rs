//! `#[qapi_union]`

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, LitStr, Path, PathSegment};

use super::{definition, located_at, members, object, part_entry, scope, unlisted};
use crate::errors::Checked;
use crate::model::{
    Base, Branch, BranchesField, Head, Member, Union, UnionEnum, UnionField, UnionStruct,
};

pub(crate) fn expand(model: &Checked<Union>) -> TokenStream {
    match &**model {
        Union::Enum(model) => expand_enum(model),
        Union::Struct(model) => expand_struct(model),
    }
}

fn expand_enum(model: &UnionEnum) -> TokenStream {
    let UnionEnum { head, discriminator, .. } = model;
    let branches = branches(model);
    let Some(discriminator) = discriminator else { return scope(head, &branches) };
    let (ident, name) = (&head.ident, &discriminator.text);
    let shape = quote!(<#ident as __qapi::QapiBranches>::TAG_SHAPE);
    let kind = quote! {
        __qapi::DefinitionKind::Union(
            __qapi::Union::new(
                __qapi::None,
                &[__qapi::Member::new(__qapi::Part::new(#name, ""), #shape)],
                #name,
                __qapi::Reference::by_function(<#ident as __qapi::QapiBranches>::branches),
            )
            .tag(#shape.ty())
        )
    };
    let visit = quote! {
        let __tag = <Self as __qapi::QapiBranches>::visit_tag(__object, #name)?;
        __qapi::QapiBranches::visit_branch(__tag, __object)
    };
    let serialize = quote! {
        __qapi::QapiBranches::serialize_tag(self, #name, __map)?;
        __qapi::QapiBranches::serialize_branch(self, __map)?;
    };
    let code = [definition(head, &kind), branches, object(head, &visit, &serialize)];
    scope(head, &code.into_iter().collect())
}

/// The implementation of `QapiBranches`.
fn branches(UnionEnum { head, tag: path, branches, .. }: &UnionEnum) -> TokenStream {
    let ident = &head.ident;
    // An error about a value appears at the variant, and an error about the type at its name.
    let alias = |at: &Ident| Ident::new("__Tag", located_at(at));
    let own_tag = path.segments.last().map(|last| Ident::new("__Tag", last.ident.span()));
    let entries = entries(head, branches);
    let tags = branches.iter().map(|Branch { ident, ty, cfg, open }| {
        let tag = alias(ident);
        if *open {
            return quote!(#(#cfg)* Self::#ident(__value) => #tag::#ident(*__value),);
        }
        let payload = ty.as_ref().map(|_| quote!((_)));
        quote!(#(#cfg)* Self::#ident #payload => #tag::#ident,)
    });
    let visits = branches.iter().map(|Branch { ident, ty, cfg, open }| {
        let tag = alias(ident);
        if *open {
            return quote!(#(#cfg)* #tag::#ident(__value) => Self::#ident(__value),);
        }
        let payload =
            ty.as_ref().map(|ty| quote!((<#ty as __qapi::QapiObject>::visit_members(__object)?)));
        quote!(#(#cfg)* #tag::#ident => Self::#ident #payload,)
    });
    let serializations = branches.iter().map(|Branch { ident, ty, cfg, open }| match ty {
        Some(_) if *open => quote!(#(#cfg)* Self::#ident(_) => __qapi::Ok(()),),
        Some(ty) => quote! {
            #(#cfg)*
            Self::#ident(__branch) => {
                <#ty as __qapi::QapiObject>::serialize_members(__branch, __map)
            }
        },
        None => quote!(#(#cfg)* Self::#ident => __qapi::Ok(()),),
    });
    let (every_branch, unlisted) = (every_branch(head, path, branches), unlisted(head));
    quote! {
        // The compiler reports an unknown type once, for the alias, and not for each branch.
        type __Tag = #path;
        #every_branch
        impl __qapi::Sealed<__qapi::BranchesKind> for #ident {}
        #[automatically_derived]
        #unlisted
        impl __qapi::QapiBranches for #ident {
            type Tag = #own_tag;

            fn branches() -> &'static [__qapi::Branch] {
                static __BRANCHES: &[__qapi::Branch] = &[#(#entries),*];
                __BRANCHES
            }
            fn tag(&self) -> __Tag {
                match self { #(#tags)* }
            }
            fn visit_branch(
                __tag: __Tag,
                __object: &mut __qapi::ObjectVisitor<'_, '_>,
            ) -> __qapi::Result<Self> {
                #[allow(unreachable_patterns, reason = "another check reports missing branches")]
                __qapi::Ok(match __tag { #(#visits)* _ => __qapi::stub_called() })
            }
            fn serialize_branch<__M: __qapi::SerializeMap>(
                &self,
                __map: &mut __M,
            ) -> __qapi::Result<(), __M::Error> {
                match self { #(#serializations)* }
            }
        }
    }
}

/// The descriptions of the branches, without the branch for values of other crates.
fn entries(head: &Head, branches: &[Branch]) -> Vec<TokenStream> {
    let union = &head.ident;
    let own = branches.iter().filter(|branch| !branch.open);
    let entries = own.map(|Branch { ident, ty, cfg, .. }| {
        let ty = match ty {
            Some(ty) => {
                let reference = members::object_reference(ty);
                quote!(__qapi::Some(#reference))
            }
            None => quote!(__qapi::None),
        };
        let variant = ident.to_string();
        quote!(#(#cfg)* __qapi::Branch::new(__qapi::value_of_branch::<#union>(#variant), #ty))
    });
    entries.collect()
}

/// The check that the union has a branch for each value of the discriminator. The compiler would
/// report a missing arm of a `match`, which the user does not write.
fn every_branch(head: &Head, tag: &Path, branches: &[Branch]) -> TokenStream {
    let (union, tag_name) = (head.ident.to_string(), tag.segments.last().map(last_name));
    let variants = branches.iter().map(|Branch { ident, cfg, .. }| {
        let name = ident.to_string();
        quote!(#(#cfg)* #name)
    });
    let variants = quote!(&[#(#variants),*]);
    let ident = &head.ident;
    let function = quote_spanned!(located_at(tag)=> __qapi::need_every_branch::<#ident>);
    let arguments = quote_spanned! {located_at(tag)=>
        (#union, #tag_name, #variants)
    };
    quote!(const _: () = #function #arguments;)
}

fn last_name(segment: &PathSegment) -> String {
    segment.ident.to_string()
}

fn expand_struct(model: &UnionStruct) -> TokenStream {
    let UnionStruct { head, bases, fields, discriminator, branches } = model;
    let base = members::base_entry(bases);
    let entries = fields.iter().map(|field| match field {
        UnionField::Member(member) => members::entry(member),
        UnionField::Discriminator { member: Member { part, ty, .. }, .. } => {
            part_entry("Member", part, Some(quote!(<#ty as __qapi::QapiBranches>::TAG_SHAPE)))
        }
    });
    let names = discriminators(fields).map(|member| member.part.name.text.clone());
    let names = names.chain(discriminator.iter().map(LitStr::value));
    let types = discriminators(fields).map(|member| &member.ty);
    let types = types.chain(branches.iter().map(|field| &field.ty));
    let branches: Vec<_> = types.map(|ty| quote!(<#ty as __qapi::QapiBranches>)).collect();
    let kind = quote! {
        __qapi::DefinitionKind::Union(
            __qapi::Union::new(
                #base,
                __MEMBERS,
                #(#names)*,
                #(__qapi::Reference::by_function(#branches::branches))*
            )
                .tag(#(#branches::TAG_SHAPE)*.ty())
        )
    };
    let code = [
        definition(head, &kind),
        members::table(entries),
        object(head, &visit_struct(model), &serialize_struct(model)),
    ];
    scope(head, &code.into_iter().collect())
}

/// The visit of all members in their order, and of the branch after them.
fn visit_struct(model: &UnionStruct) -> TokenStream {
    let UnionStruct { bases, fields, branches, discriminator, .. } = model;
    let visit_bases = bases.iter().map(|base| {
        let (local, value) = (local(&base.ident), members::visit_base(base));
        quote!(let #local = #value;)
    });
    let set_bases = bases.iter().map(|Base { ident, .. }| {
        let local = local(ident);
        quote!(#ident: #local,)
    });
    let visits = fields.iter().map(|field| {
        let Member { part, ty, .. } = field.member();
        let (cfg, local, name) = (&part.cfg, local(&part.ident), &part.name.text);
        let value = match field {
            UnionField::Member(member) => members::visit(member),
            UnionField::Discriminator { .. } => {
                // The span of the type makes the compiler report a type without branches only
                // once.
                let span = ty.span();
                quote_spanned!(span=> <#ty as __qapi::QapiBranches>::visit_tag(__object, #name)?)
            }
        };
        quote!(#(#cfg)* let #local = #value;)
    });
    let sets = fields.iter().map(|field| {
        let Member { part, ty, .. } = field.member();
        let (cfg, ident, local) = (&part.cfg, &part.ident, local(&part.ident));
        let value = match field {
            UnionField::Member(_) => quote!(#local),
            UnionField::Discriminator { .. } => {
                quote!(<#ty as __qapi::QapiBranches>::visit_branch(#local, __object)?)
            }
        };
        quote!(#(#cfg)* #ident: #value,)
    });
    let set_branches = branches.iter().map(|BranchesField { ident, ty, .. }| {
        let visit = quote_spanned! {ty.span()=>
            <#ty as __qapi::QapiBranches>::visit_branch(
                <#ty as __qapi::QapiBranches>::visit_tag(__object, #discriminator)?,
                __object,
            )?
        };
        quote!(#ident: #visit,)
    });
    quote! {
        #(#visit_bases)*
        #(#visits)*
        __qapi::Ok(Self { #(#set_bases)* #(#sets)* #(#set_branches)* })
    }
}

/// Serializes all members in their order, and those of the branch after them.
fn serialize_struct(model: &UnionStruct) -> TokenStream {
    let UnionStruct { bases, fields, branches, discriminator, .. } = model;
    let serialize_bases = bases.iter().map(|base| match branches.first() {
        None => members::serialize_base(base),
        Some(BranchesField { ident, ty, .. }) => {
            let base = &base.ident;
            quote_spanned! {ty.span()=>
                __qapi::serialize_tagged_base(
                    &self.#base,
                    #discriminator,
                    <#ty as __qapi::QapiBranches>::tag(&self.#ident),
                    __map,
                )?;
            }
        }
    });
    let serialize_fields = fields.iter().map(|field| match field {
        UnionField::Member(member) => members::serialize(member),
        UnionField::Discriminator { member: Member { part, ty, .. }, .. } => {
            let (ident, name) = (&part.ident, &part.name.text);
            quote!(<#ty as __qapi::QapiBranches>::serialize_tag(&self.#ident, #name, __map)?;)
        }
    });
    let owned = discriminators(fields).map(|Member { part, ty, .. }| (&part.ident, ty));
    let based = branches.iter().map(|BranchesField { ident, ty, .. }| (ident, ty));
    let serialize_branches = owned.chain(based).map(|(ident, ty)| {
        quote!(<#ty as __qapi::QapiBranches>::serialize_branch(&self.#ident, __map)?;)
    });
    quote! {
        #(#serialize_bases)*
        #(#serialize_fields)*
        #(#serialize_branches)*
    }
}

/// The discriminator. `check` ensures that there is exactly one.
fn discriminators(fields: &[UnionField]) -> impl Iterator<Item = &Member> {
    fields.iter().filter_map(|field| match field {
        UnionField::Discriminator { member, .. } => Some(member),
        UnionField::Member(_) => None,
    })
}

/// The local variable for the value of a field.
fn local(ident: &Ident) -> Ident {
    format_ident!("__{}", ident.unraw())
}
