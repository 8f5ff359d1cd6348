//! Removes the attributes of this crate from the user's item. The rest is emitted unchanged.

use syn::{Attribute, Fields, FnArg, Item};

use crate::args::is_qapi;
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

fn strip_fields(fields: &mut Fields) {
    for field in fields {
        strip_attributes(&mut field.attrs);
    }
}

fn strip_attributes(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !is_qapi(attribute));
}
