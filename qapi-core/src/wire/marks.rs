//! Parts of output that some clients are spared.

use std::cell::Cell;

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

    /// `deprecated` alone.
    pub const DEPRECATED: Self = Self { deprecated: true, unstable: false };

    /// `unstable` alone.
    pub const UNSTABLE: Self = Self { deprecated: false, unstable: true };

    /// Both.
    pub const BOTH: Self = Self { deprecated: true, unstable: true };

    /// Whether both have one in common.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.deprecated && other.deprecated || self.unstable && other.unstable
    }
}

thread_local! {
    /// What is left out of the value that this thread is writing. It is here, since `Serialize`
    /// hands on nothing but a serialiser, and set for the time of one value alone.
    static HIDDEN: Cell<Marks> = const { Cell::new(Marks::NONE) };
}

/// Calls `write`, during which members that bear one of `hidden` are left out.
pub(super) fn hiding<T>(hidden: Marks, write: impl FnOnce() -> T) -> T {
    /// Sets things back also when a value panics.
    struct Restore(Marks);

    impl Drop for Restore {
        fn drop(&mut self) {
            HIDDEN.set(self.0);
        }
    }

    if hidden == Marks::NONE {
        return write();
    }
    let _restore = Restore(HIDDEN.replace(hidden));
    write()
}

/// Whether members that bear `marks` are left out of what this thread is writing.
pub(crate) fn is_hidden(marks: Marks) -> bool {
    HIDDEN.get().meets(marks)
}
