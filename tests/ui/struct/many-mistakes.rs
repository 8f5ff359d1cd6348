//! Several mistakes, all of which are reported. The struct still exists.

use qapi_core::qapi_struct;

#[qapi_struct(sinse = "1.0", features(odd, odd))]
struct Info {
    #[qapi(name = "Id")]
    id: String,
    #[qapi(since = "soon")]
    size: u64,
}

fn main() {
    let info = Info { id: String::new(), size: 3 };
    let _ = info.size + 1;
}
