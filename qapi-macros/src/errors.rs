//! Mistakes, gathered until all of an item's are known.

use std::cell::RefCell;
use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Proof that a mistake has been reported; only [`Errors`] makes it.
///
/// A stage that cannot go on returns it, so that nothing ends in silence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported(());

/// A model in which no mistake was found; only [`Errors::gate`] makes it, and only it expands.
pub(crate) struct Checked<M>(M);

impl<M> std::ops::Deref for Checked<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.0
    }
}

/// What did not pass the gate.
pub(crate) struct Refused<M> {
    /// All mistakes, as code that the compiler refuses.
    pub(crate) mistakes: TokenStream,
    /// The model, as far as it goes.
    pub(crate) model: Option<M>,
}

/// The mistakes found so far. Dropping it unread panics, so that none can be forgotten.
#[derive(Debug)]
pub(crate) struct Errors {
    /// `None` once they have been read.
    found: RefCell<Option<Vec<syn::Error>>>,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self { found: RefCell::new(Some(Vec::new())) }
    }

    /// Reports a mistake in `tokens`, the smallest ones that are wrong.
    pub(crate) fn at(&self, tokens: impl ToTokens, message: impl Display) -> Reported {
        self.push(syn::Error::new_spanned(tokens, message))
    }

    /// Reports a mistake at `span`.
    pub(crate) fn at_span(&self, span: Span, message: impl Display) -> Reported {
        self.push(syn::Error::new(span, message))
    }

    /// Reports a mistake that `syn` found.
    pub(crate) fn push(&self, error: syn::Error) -> Reported {
        if let Some(found) = self.found.borrow_mut().as_mut() {
            found.push(error);
        }
        Reported(())
    }

    /// Hands `model` on if there was no mistake, else the mistakes as code that the compiler
    /// refuses, with what could be made of the model.
    pub(crate) fn gate<M>(self, model: Result<M, Reported>) -> Result<Checked<M>, Refused<M>> {
        let found = self.found.borrow_mut().take().unwrap_or_default();
        match model {
            Ok(model) if found.is_empty() => Ok(Checked(model)),
            Ok(_) | Err(Reported(())) => Err(Refused {
                mistakes: found.iter().map(syn::Error::to_compile_error).collect(),
                model: model.ok(),
            }),
        }
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        if self.found.borrow().is_some() && !std::thread::panicking() {
            panic!("mistakes were gathered and never looked at");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_passes_when_nothing_was_reported() {
        assert!(matches!(Errors::new().gate(Ok(1)), Ok(Checked(1))));
    }

    #[test]
    fn every_mistake_is_kept_and_stops_the_model() {
        let errors = Errors::new();
        errors.at_span(Span::call_site(), "first");
        errors.at_span(Span::call_site(), "second");
        let refused = errors.gate(Ok(())).err().expect("there are mistakes");
        assert_eq!(refused.mistakes.to_string().matches("compile_error").count(), 2);
        assert!(refused.model.is_some());
    }

    #[test]
    #[should_panic(expected = "never looked at")]
    fn mistakes_cannot_be_forgotten() {
        drop(Errors::new());
    }
}
