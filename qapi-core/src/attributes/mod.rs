//! The six attributes, one for each kind of definition in the QAPI schema language. Each attribute
//! has a file with its documentation.

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
