//! Encryption: values that begin with a digit, and a recursive union.

use qapi_core::prelude::*;

#[qapi_enum(since = "2.6")]
pub(crate) enum QCryptoCipherAlgo {
    #[qapi(name = "aes-128")]
    Aes128,
    #[qapi(name = "aes-192")]
    Aes192,
    #[qapi(name = "aes-256")]
    Aes256,
    Des,
    #[qapi(name = "3des")]
    TripleDes,
    #[qapi(name = "cast5-128")]
    Cast5128,
    #[qapi(name = "serpent-128")]
    Serpent128,
    #[qapi(name = "serpent-192")]
    Serpent192,
    #[qapi(name = "serpent-256")]
    Serpent256,
    #[qapi(name = "twofish-128")]
    Twofish128,
    #[qapi(name = "twofish-192")]
    Twofish192,
    #[qapi(name = "twofish-256")]
    Twofish256,
    #[qapi(since = "9.0")]
    Sm4,
}

#[qapi_enum(since = "2.6")]
pub(crate) enum QCryptoCipherMode {
    Ecb,
    Cbc,
    Xts,
    Ctr,
}

#[qapi_enum(since = "2.6", name = "QCryptoIVGenAlgo")]
pub(crate) enum QCryptoIvGenAlgo {
    Plain,
    Plain64,
    Essiv,
}

#[qapi_enum(since = "2.6")]
pub(crate) enum QCryptoHashAlgo {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Ripemd160,
    Sm3,
}

#[qapi_struct(since = "2.7")]
pub(crate) struct QCryptoBlockInfoLUKSSlot {
    active: bool,
    iters: Option<i64>,
    stripes: Option<i64>,
    key_offset: i64,
}

#[qapi_struct(since = "2.7")]
pub(crate) struct QCryptoBlockInfoLUKS {
    cipher_alg: QCryptoCipherAlgo,
    cipher_mode: QCryptoCipherMode,
    ivgen_alg: QCryptoIvGenAlgo,
    ivgen_hash_alg: Option<QCryptoHashAlgo>,
    hash_alg: QCryptoHashAlgo,
    detached_header: bool,
    payload_offset: i64,
    master_key_iters: i64,
    uuid: String,
    slots: Vec<QCryptoBlockInfoLUKSSlot>,
}

#[qapi_enum(since = "6.1")]
#[derive(Clone, Copy)]
pub(crate) enum RbdImageEncryptionFormat {
    Luks,
    Luks2,
    #[qapi(since = "8.0")]
    LuksAny,
}

#[qapi_struct(since = "6.1")]
pub(crate) struct RbdEncryptionOptionsLUKSBase {
    key_secret: String,
}

#[qapi_struct(since = "6.1")]
pub(crate) struct RbdEncryptionOptionsLUKS {
    #[qapi(base)]
    base: RbdEncryptionOptionsLUKSBase,
}

#[qapi_struct(since = "6.1")]
pub(crate) struct RbdEncryptionOptionsLUKS2 {
    #[qapi(base)]
    base: RbdEncryptionOptionsLUKSBase,
}

#[qapi_struct(since = "8.0")]
pub(crate) struct RbdEncryptionOptionsLUKSAny {
    #[qapi(base)]
    base: RbdEncryptionOptionsLUKSBase,
}

/// The options of each format.
#[qapi_union(tag = RbdImageEncryptionFormat)]
pub(crate) enum RbdEncryptionBranch {
    Luks(RbdEncryptionOptionsLUKS),
    Luks2(RbdEncryptionOptionsLUKS2),
    LuksAny(RbdEncryptionOptionsLUKSAny),
}

#[qapi_union(since = "6.1")]
pub(crate) struct RbdEncryptionOptions {
    #[qapi(discriminator)]
    format: RbdEncryptionBranch,
    #[qapi(since = "8.0")]
    parent: Option<Box<RbdEncryptionOptions>>,
}
