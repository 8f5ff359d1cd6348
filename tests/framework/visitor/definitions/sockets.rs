//! A flat union and its legacy form. In the legacy form the member `data` contains the branch.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

#[qapi_enum]
pub(super) enum SocketAddressType {
    Inet,
    Unix,
}

#[qapi_union(discriminator = "type", tag = SocketAddressType)]
pub(super) enum SocketAddress {
    Inet(InetSocketAddress),
    Unix(UnixSocketAddress),
}

#[qapi_union(discriminator = "type", tag = SocketAddressType)]
pub(super) enum SocketAddressLegacy {
    Inet(InetSocketAddressWrapper),
    Unix(UnixSocketAddressWrapper),
}

#[qapi_struct]
pub(super) struct InetSocketAddressWrapper {
    data: InetSocketAddress,
}

#[qapi_struct]
pub(super) struct UnixSocketAddressWrapper {
    data: UnixSocketAddress,
}

#[qapi_struct]
pub(super) struct InetSocketAddressBase {
    host: String,
    port: String,
}

#[qapi_struct]
pub(super) struct InetSocketAddress {
    #[qapi(base)]
    base: InetSocketAddressBase,
    numeric: Option<bool>,
    to: Option<u16>,
    ipv4: Option<bool>,
    ipv6: Option<bool>,
}

#[qapi_struct]
pub(super) struct UnixSocketAddress {
    path: String,
    #[qapi(name = "abstract")]
    is_abstract: Option<bool>,
}
