//! Values that are added to an open enum, of which one is there already and one is added twice.

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
