//! The typed methods of the visitor: elements of lists and members of objects.
//!
//! The methods are separate from [`Input`] and [`ObjectVisitor`], so that the visitor does not
//! depend on the traits of types.

use crate::error::Result;
use crate::types::QapiType;
use crate::types::member::MemberType;
use crate::visitor::Input;
use crate::visitor::object::ObjectVisitor;

impl Input<'_, '_> {
    /// The elements of the array, each visited as a `T`.
    ///
    /// # Errors
    /// The value is not an array, or an element is refused.
    pub fn list<T: QapiType>(&self) -> Result<Vec<T>> {
        self.elements(T::visit)
    }
}

impl<'m> ObjectVisitor<'_, 'm> {
    /// Visits the member `name`; [`MemberType`] says whether it may be absent.
    ///
    /// # Errors
    /// The member is mandatory and absent, or its value is refused.
    pub fn member<T: MemberType<'m>>(&mut self, name: &'static str) -> Result<T> {
        match self.visit_with(name, |input| T::visit_present(input)) {
            Some(visited) => visited,
            None => T::visit_absent().ok_or_else(|| self.missing(name)),
        }
    }
}
