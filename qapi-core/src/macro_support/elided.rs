//! Types of fields with lifetimes that the user does not write.

/// A function type such as `fn(&()) -> T`, in which `T` may elide lifetimes, unlike the type of a
/// field. Only the compiler knows whether the name of a type hides one, as in
/// `type Name<'a> = Cow<'a, str>`.
pub trait ElidedReturn {
    /// The returned type with `'static` in place of each elided lifetime.
    type Static;
}

impl<F: FnOnce(&'static ()) -> T, T> ElidedReturn for F {
    type Static = T;
}
