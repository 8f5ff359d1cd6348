//! How a client describes the encryption of an image to be made.
//!
//! The keys would be in objects that hold secrets, of which this program has none: as in QEMU, an
//! image whose secret does not exist is not encrypted, and the job fails.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

/// How an image is to be encrypted.
#[qapi_union(discriminator = "format", tag = QCryptoBlockFormat, since = "2.6")]
#[derive(Debug, Clone)]
pub enum QCryptoBlockCreateOptions {
    /// As the first version of qcow did.
    Qcow(QCryptoBlockOptionsQcow),
    /// LUKS.
    Luks(Box<QCryptoBlockCreateOptionsLuks>),
}

/// The key of an image that is encrypted as the first version of qcow did.
#[qapi_struct(name = "QCryptoBlockOptionsQCow", since = "2.6")]
#[derive(Debug, Clone)]
pub struct QCryptoBlockOptionsQcow {
    /// The secret with the key.
    pub key_secret: Option<String>,
}

/// The key of an image that is encrypted by LUKS.
#[qapi_struct(name = "QCryptoBlockOptionsLUKS", since = "2.6")]
#[derive(Debug, Clone)]
pub struct QCryptoBlockOptionsLuks {
    /// The secret with the key.
    pub key_secret: Option<String>,
}

/// How LUKS is to encrypt an image.
#[qapi_struct(name = "QCryptoBlockCreateOptionsLUKS", since = "2.6")]
#[derive(Debug, Clone)]
pub struct QCryptoBlockCreateOptionsLuks {
    /// The key.
    #[qapi(base)]
    pub key: QCryptoBlockOptionsLuks,
    /// By which cipher.
    pub cipher_alg: Option<QCryptoCipherAlgo>,
    /// In which mode of it.
    pub cipher_mode: Option<QCryptoCipherMode>,
    /// How initialization vectors are made.
    pub ivgen_alg: Option<QCryptoIvGenAlgo>,
    /// From which hash they are made.
    pub ivgen_hash_alg: Option<QCryptoHashAlgo>,
    /// By which hash keys are derived.
    pub hash_alg: Option<QCryptoHashAlgo>,
    /// How long it takes to derive a key, in milliseconds.
    #[qapi(since = "2.8")]
    pub iter_time: Option<i64>,
}

/// Ciphers, with the lengths of their keys in bits.
#[qapi_enum(since = "2.6")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoCipherAlgo {
    /// AES.
    #[qapi(name = "aes-128")]
    Aes128,
    /// AES.
    #[qapi(name = "aes-192")]
    Aes192,
    /// AES.
    #[qapi(name = "aes-256")]
    Aes256,
    /// DES.
    #[qapi(since = "6.1")]
    Des,
    /// DES, three times.
    #[qapi(name = "3des", since = "2.9")]
    TripleDes,
    /// CAST5.
    #[qapi(name = "cast5-128")]
    Cast5128,
    /// Serpent.
    #[qapi(name = "serpent-128")]
    Serpent128,
    /// Serpent.
    #[qapi(name = "serpent-192")]
    Serpent192,
    /// Serpent.
    #[qapi(name = "serpent-256")]
    Serpent256,
    /// Twofish.
    #[qapi(name = "twofish-128")]
    Twofish128,
    /// Twofish.
    #[qapi(name = "twofish-192")]
    Twofish192,
    /// Twofish.
    #[qapi(name = "twofish-256")]
    Twofish256,
    /// SM4, with keys of 128 bits.
    #[qapi(since = "9.0")]
    Sm4,
}

/// How a cipher goes from block to block.
#[qapi_enum(since = "2.6")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoCipherMode {
    /// Each by itself.
    Ecb,
    /// Each with the one before.
    Cbc,
    /// Each with its place.
    Xts,
    /// With a counter.
    #[qapi(since = "2.8")]
    Ctr,
}

/// How initialization vectors are made.
#[qapi_enum(name = "QCryptoIVGenAlgo", since = "2.6")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoIvGenAlgo {
    /// From the number of the sector, in 32 bits.
    Plain,
    /// From the number of the sector, in 64 bits.
    Plain64,
    /// From the number of the sector, encrypted by a hash of the key.
    Essiv,
}

/// Hashes.
#[qapi_enum(since = "2.6")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoHashAlgo {
    /// MD5, which is broken.
    Md5,
    /// SHA-1, which is broken.
    Sha1,
    /// SHA-2 of 224 bits.
    #[qapi(since = "2.7")]
    Sha224,
    /// SHA-2 of 256 bits.
    Sha256,
    /// SHA-2 of 384 bits.
    #[qapi(since = "2.7")]
    Sha384,
    /// SHA-2 of 512 bits.
    #[qapi(since = "2.7")]
    Sha512,
    /// RIPEMD of 160 bits.
    #[qapi(since = "2.7")]
    Ripemd160,
    /// SM3.
    #[qapi(since = "9.2")]
    Sm3,
}

/// How an image is encrypted.
#[qapi_enum(since = "2.6")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoBlockFormat {
    /// As the first version of qcow did.
    Qcow,
    /// LUKS.
    Luks,
}

/// What to change of how an image is encrypted.
#[qapi_union(discriminator = "format", tag = QCryptoBlockFormat, since = "5.1")]
#[derive(Debug, Clone)]
pub enum QCryptoBlockAmendOptions {
    /// Nothing.
    Qcow,
    /// The keys.
    Luks(Box<QCryptoBlockAmendOptionsLuks>),
}

/// What to change of the keys.
#[qapi_struct(name = "QCryptoBlockAmendOptionsLUKS", since = "5.1")]
#[derive(Debug, Clone)]
pub struct QCryptoBlockAmendOptionsLuks {
    /// Whether to add a key or to remove it.
    pub state: QCryptoBlockLuksKeyslotState,
    /// The secret with the key to be added.
    pub new_secret: Option<String>,
    /// The secret with the key to be removed.
    pub old_secret: Option<String>,
    /// The slot of the key.
    pub keyslot: Option<i64>,
    /// How long it takes to derive the key, in milliseconds.
    pub iter_time: Option<i64>,
    /// The secret that opens the image.
    pub secret: Option<String>,
}

/// What a slot for a key is to be.
#[qapi_enum(name = "QCryptoBlockLUKSKeyslotState", since = "5.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoBlockLuksKeyslotState {
    /// In use.
    Active,
    /// Empty.
    Inactive,
}

impl QCryptoBlockCreateOptions {
    /// The secret with the key.
    pub fn key_secret(&self) -> Option<&str> {
        match self {
            Self::Qcow(options) => options.key_secret.as_deref(),
            Self::Luks(options) => options.key.key_secret.as_deref(),
        }
    }
}
