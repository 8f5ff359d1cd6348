//! Values that extend an open enum: the enum has one of them already, and two enums add another.

use qapi_core::{OpenValue, qapi_enum};

#[qapi_enum]
enum OpenColour {
    Red,
    #[qapi(open)]
    Other(OpenValue<OpenColour>),
}

mod here {
    use qapi_core::qapi_enum;

    #[qapi_enum(extends = super::OpenColour)]
    enum WarmColour {
        DarkRed,
        Red,
    }
}

mod there {
    use qapi_core::qapi_enum;

    #[qapi_enum(extends = super::OpenColour)]
    enum DarkColour {
        #[qapi(name = "dark_red", name_exception)]
        DarkRed,
    }
}
