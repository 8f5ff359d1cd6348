//! Structs that are each other's base.

use qapi_core::qapi_struct;

#[qapi_struct]
struct CycleHen {
    #[qapi(base)]
    egg: Box<CycleEgg>,
}

#[qapi_struct]
struct CycleEgg {
    #[qapi(base)]
    hen: Box<CycleHen>,
}
