//! Collects the errors of an item, so that the compiler reports all of them at once.

use std::cell::{Cell, RefCell};
use std::fmt::Display;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// Proof that an error has been reported; only [`Errors`] creates it.
///
/// A stage that cannot continue returns it, so that no stage fails without an error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported(());

/// A model without errors. Only [`Errors::gate`] creates it, and expansion accepts nothing else.
pub(crate) struct Checked<M>(M);

impl<M> std::ops::Deref for Checked<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.0
    }
}

/// The outcome of a gate with errors.
pub(crate) struct Rejected<M> {
    /// The errors as `compile_error!` calls.
    pub(crate) compile_errors: TokenStream,
    /// The model, if parsing got that far.
    pub(crate) model: Option<M>,
}

/// The errors found so far. Dropping it without [`gate`](Self::gate) panics, so that no error is
/// lost.
#[derive(Debug)]
pub(crate) struct Errors {
    /// `None` after `gate`.
    found: RefCell<Option<Vec<syn::Error>>>,
    /// Whether the compiler reports an error of the item, in place of this crate.
    by_compiler: Cell<bool>,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self { found: RefCell::new(Some(Vec::new())), by_compiler: Cell::new(is_key_value()) }
    }

    /// Reports an error at `tokens`, which should be the smallest wrong part of the item.
    pub(crate) fn at(&self, tokens: impl ToTokens, message: impl Display) -> Reported {
        self.push(syn::Error::new_spanned(tokens, message))
    }

    /// Reports an error at `span`.
    pub(crate) fn at_span(&self, span: Span, message: impl Display) -> Reported {
        self.push(syn::Error::new(span, message))
    }

    /// Reports an error that `syn` found.
    pub(crate) fn push(&self, error: syn::Error) -> Reported {
        if let Some(found) = self.found.borrow_mut().as_mut() {
            found.push(error);
        }
        Reported(())
    }

    /// Rejects the item for an error that the compiler reports.
    pub(crate) fn leave_to_compiler(&self) {
        self.by_compiler.set(true);
    }

    /// Whether the compiler reports an error of the item.
    pub(crate) fn are_left_to_compiler(&self) -> bool {
        self.by_compiler.get()
    }

    /// Passes `model` on if there are no errors.
    ///
    /// # Errors
    /// The errors as code, with the model if there is one.
    pub(crate) fn gate<M>(self, model: Result<M, Reported>) -> Result<Checked<M>, Rejected<M>> {
        let found = self.found.borrow_mut().take().unwrap_or_default();
        match model {
            Ok(model) if found.is_empty() && !self.by_compiler.get() => Ok(Checked(model)),
            Ok(_) | Err(Reported(())) => Err(Rejected {
                compile_errors: found.iter().map(compile_errors).collect(),
                model: model.ok(),
            }),
        }
    }
}

/// Whether the attribute that is expanded has the form `#[name = value]`, which the compiler
/// reports. Without a compiler, as in tests, there is no source text.
pub(crate) fn is_key_value() -> bool {
    let text = proc_macro::is_available().then(|| proc_macro::Span::call_site().source_text());
    let text = text.flatten().unwrap_or_default();
    let text = text.strip_prefix("#[").unwrap_or(&text);
    text.find(['=', '(', '[', '{']).is_some_and(|found| text[found..].starts_with('='))
}

/// A `compile_error!` call for each message of the error.
///
/// The calls of `syn` name the crate `core`, which the crate root of edition 2015 does not have.
/// The root of every crate that uses the framework has `std`.
pub(crate) fn compile_errors(error: &syn::Error) -> TokenStream {
    let named = |token| match token {
        TokenTree::Ident(name) if name == "core" => Ident::new("std", name.span()).into(),
        token => token,
    };
    error.to_compile_error().into_iter().map(named).collect()
}

impl Drop for Errors {
    fn drop(&mut self) {
        if self.found.borrow().is_some() && !std::thread::panicking() {
            panic!("errors were collected and never reported");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_without_errors_passes() {
        assert!(matches!(Errors::new().gate(Ok(1)), Ok(Checked(1))));
    }

    #[test]
    fn every_error_is_reported_and_rejects_the_model() {
        let errors = Errors::new();
        errors.at_span(Span::call_site(), "first");
        errors.at_span(Span::call_site(), "second");
        let rejected = errors.gate(Ok(())).err().expect("there are errors");
        let calls = rejected.compile_errors.to_string();
        // Edition 2015 finds this path in the crate root, and no path of `core`.
        assert_eq!(calls.matches(":: std :: compile_error").count(), 2, "{calls}");
        assert!(rejected.model.is_some());
    }

    #[test]
    #[should_panic(expected = "never reported")]
    fn errors_cannot_be_lost() {
        drop(Errors::new());
    }
}
