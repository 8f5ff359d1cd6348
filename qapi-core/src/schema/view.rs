//! Parts of output that some clients are spared.

use std::cell::Cell;

use crate::projection::Projection;

/// The special features by which output can be left out, and input refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Marks {
    /// The feature `deprecated`.
    pub deprecated: bool,
    /// The feature `unstable`.
    pub unstable: bool,
}

impl Marks {
    /// Neither.
    pub const NONE: Self = Self { deprecated: false, unstable: false };

    /// Whether both have one in common.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.deprecated && other.deprecated || self.unstable && other.unstable
    }
}

/// What is left out of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hidden {
    /// What bears one of these marks.
    pub marks: Marks,
    /// What is not in the schema as of then.
    pub as_of: Option<Projection>,
}

impl Hidden {
    /// Nothing.
    pub const NOTHING: Self = Self { marks: Marks::NONE, as_of: None };
}

thread_local! {
    /// What is left out of the value that this thread is writing. It is here, since `Serialize`
    /// hands on nothing but a serialiser, and set for the time of one value alone.
    static HIDDEN: Cell<Hidden> = const { Cell::new(Hidden::NOTHING) };
}

/// Calls `write`, during which what is `hidden` is left out.
pub(super) fn hiding<T>(hidden: Hidden, write: impl FnOnce() -> T) -> T {
    /// Sets things back also when a value panics.
    struct Restore(Hidden);

    impl Drop for Restore {
        fn drop(&mut self) {
            HIDDEN.set(self.0);
        }
    }

    if hidden == Hidden::NOTHING {
        return write();
    }
    let _restore = Restore(HIDDEN.replace(hidden));
    write()
}

/// What is left out of what this thread is writing.
pub(crate) fn hidden() -> Hidden {
    HIDDEN.get()
}
