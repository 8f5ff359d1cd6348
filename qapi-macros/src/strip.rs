//! Removes the attributes of this crate from the user's item. The rest is emitted unchanged.

use syn::{Attribute, Fields, FnArg, Item, parse_quote};

use crate::args::is_qapi;
use crate::derives::{derived, derives, is_conditional, is_derive, is_last};
use crate::docs::is_doc;

/// Removes every `#[qapi(…)]`, and the doc comments on parameters, which `rustc` rejects.
pub(crate) fn strip(item: &mut Item) {
    match item {
        Item::Enum(item) => {
            strip_attributes(&mut item.attrs);
            for variant in &mut item.variants {
                strip_attributes(&mut variant.attrs);
                strip_fields(&mut variant.fields);
            }
        }
        Item::Struct(item) => {
            strip_attributes(&mut item.attrs);
            strip_fields(&mut item.fields);
        }
        Item::Fn(item) => {
            strip_attributes(&mut item.attrs);
            for input in &mut item.sig.inputs {
                let attributes = match input {
                    FnArg::Receiver(receiver) => &mut receiver.attrs,
                    FnArg::Typed(parameter) => &mut parameter.attrs,
                };
                attributes.retain(|attribute| !is_qapi(attribute) && !is_doc(attribute));
            }
        }
        _ => {}
    }
}

/// Removes the attributes that `check::attributes` reports, so that the compiler does not report
/// them too.
pub(crate) fn strip_reported(item: &mut Item) {
    match item {
        Item::Enum(item) => {
            let has_serde = derives(&item.attrs, "Deserialize");
            strip_reported_from(&mut item.attrs, has_serde);
            for variant in &mut item.variants {
                strip_reported_from(&mut variant.attrs, has_serde);
                for field in &mut variant.fields {
                    strip_reported_from(&mut field.attrs, has_serde);
                }
            }
        }
        Item::Struct(item) => {
            let has_serde = derives(&item.attrs, "Deserialize");
            strip_reported_from(&mut item.attrs, has_serde);
            for field in &mut item.fields {
                strip_reported_from(&mut field.attrs, has_serde);
            }
        }
        Item::Fn(item) => {
            for input in &mut item.sig.inputs {
                if let FnArg::Typed(parameter) = input {
                    strip_reported_from(&mut parameter.attrs, true);
                }
            }
        }
        _ => {}
    }
}

fn strip_reported_from(attributes: &mut Vec<Attribute>, has_serde: bool) {
    attributes.retain(|attribute| {
        let is_serde = attribute.path().is_ident("serde") && !has_serde;
        !is_serde && !is_conditional(attribute, "qapi") && !is_conditional(attribute, "doc")
    });
    for attribute in attributes.iter_mut().filter(|attribute| is_derive(attribute)) {
        let others = derived(attribute).into_iter().filter(|path| !is_last(path, "Serialize"));
        *attribute = parse_quote!(#[derive(#(#others),*)]);
    }
}

fn strip_fields(fields: &mut Fields) {
    for field in fields {
        strip_attributes(&mut field.attrs);
    }
}

fn strip_attributes(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !is_qapi(attribute));
}
