//! The six attributes, with their documentation. Each stands for one kind of definition of QAPI's
//! schema language and is named after it. A file each.

mod alternate;
mod command;
mod enum_;
mod event;
mod struct_;
mod union_;

pub use alternate::qapi_alternate;
pub use command::qapi_command;
pub use enum_::qapi_enum;
pub use event::qapi_event;
pub use struct_::qapi_struct;
pub use union_::qapi_union;
