//! The types that describe the encryption of images: a part of `crypto.json`.
//!
//! This program does not support encryption. In QEMU, the keys are in secret objects, and a job
//! that names a missing secret fails. This program has no secret objects, so that all such jobs
//! fail.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

/// The encryption of an image to create.
#[qapi_union(discriminator = "format", tag = QCryptoBlockFormat, since = "2.6")]
#[derive(Debug, Clone)]
pub enum QCryptoBlockCreateOptions {
    /// The encryption of the first qcow format.
    Qcow(QCryptoBlockOptionsQcow),
    /// LUKS.
    Luks(Box<QCryptoBlockCreateOptionsLuks>),
}

/// The key for the encryption of the first qcow format.
#[qapi_struct(name = "QCryptoBlockOptionsQCow", since = "2.6")]
#[derive(Debug, Clone)]
pub struct QCryptoBlockOptionsQcow {
    /// The ID of the secret with the key.
    pub key_secret: Option<String>,
}

/// The key for LUKS.
#[qapi_struct(name = "QCryptoBlockOptionsLUKS", since = "2.6")]
#[derive(Debug, Clone)]
pub struct QCryptoBlockOptionsLuks {
    /// The ID of the secret with the key.
    pub key_secret: Option<String>,
}

/// The parameters of LUKS for an image to create.
#[qapi_struct(name = "QCryptoBlockCreateOptionsLUKS", since = "2.6")]
#[derive(Debug, Clone)]
pub struct QCryptoBlockCreateOptionsLuks {
    /// The key.
    #[qapi(base)]
    pub key: QCryptoBlockOptionsLuks,
    /// The cipher.
    pub cipher_alg: Option<QCryptoCipherAlgo>,
    /// The mode of the cipher.
    pub cipher_mode: Option<QCryptoCipherMode>,
    /// The generator of initialization vectors.
    pub ivgen_alg: Option<QCryptoIvGenAlgo>,
    /// The hash algorithm of the generator.
    pub ivgen_hash_alg: Option<QCryptoHashAlgo>,
    /// The hash algorithm of the key derivation.
    pub hash_alg: Option<QCryptoHashAlgo>,
    /// The duration of a key derivation, in milliseconds.
    #[qapi(since = "2.8")]
    pub iter_time: Option<i64>,
}

/// Ciphers. The number in a name is the length of the key in bits.
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
    /// Triple DES.
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

/// Modes of operation of a cipher.
#[qapi_enum(since = "2.6")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoCipherMode {
    /// Electronic codebook.
    Ecb,
    /// Cipher block chaining.
    Cbc,
    /// XEX with ciphertext stealing.
    Xts,
    /// Counter mode.
    #[qapi(since = "2.8")]
    Ctr,
}

/// Generators of initialization vectors.
#[qapi_enum(name = "QCryptoIVGenAlgo", since = "2.6")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoIvGenAlgo {
    /// The number of the sector, in 32 bits.
    Plain,
    /// The number of the sector, in 64 bits.
    Plain64,
    /// The number of the sector, encrypted with a hash of the key.
    Essiv,
}

/// Hash algorithms.
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

/// The encryption format of an image.
#[qapi_enum(since = "2.6")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoBlockFormat {
    /// The encryption of the first qcow format.
    Qcow,
    /// LUKS.
    Luks,
}

/// The change of an image's encryption.
#[qapi_union(discriminator = "format", tag = QCryptoBlockFormat, since = "5.1")]
#[derive(Debug, Clone)]
pub enum QCryptoBlockAmendOptions {
    /// No change is possible.
    Qcow,
    /// The keys.
    Luks(Box<QCryptoBlockAmendOptionsLuks>),
}

/// The change of an image's LUKS keys.
#[qapi_struct(name = "QCryptoBlockAmendOptionsLUKS", since = "5.1")]
#[derive(Debug, Clone)]
pub struct QCryptoBlockAmendOptionsLuks {
    /// Whether a key is added or removed.
    pub state: QCryptoBlockLuksKeyslotState,
    /// The ID of the secret with the key to add.
    pub new_secret: Option<String>,
    /// The ID of the secret with the key to remove.
    pub old_secret: Option<String>,
    /// The slot of the key.
    pub keyslot: Option<i64>,
    /// The duration of the key derivation, in milliseconds.
    pub iter_time: Option<i64>,
    /// The ID of the secret that unlocks the image.
    pub secret: Option<String>,
}

/// The new state of a key slot.
#[qapi_enum(name = "QCryptoBlockLUKSKeyslotState", since = "5.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoBlockLuksKeyslotState {
    /// The slot has a key.
    Active,
    /// The slot is empty.
    Inactive,
}

impl QCryptoBlockCreateOptions {
    /// The ID of the secret with the key.
    pub fn key_secret(&self) -> Option<&str> {
        match self {
            Self::Qcow(options) => options.key_secret.as_deref(),
            Self::Luks(options) => options.key.key_secret.as_deref(),
        }
    }
}
