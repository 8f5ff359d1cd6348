//! Headers of qcow2 images: which are refused, with QEMU's texts, and the sizes of nodes.

use std::fs;

use block::create::Qcow2Version;
use block::nodes::BackingImages;
use block::nodes::Node;
use block::options::{
    BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsQcow2, BlockdevOptionsRaw,
};

use crate::support::*;

/// The offset at which the extensions of a new image begin.
const EXTENSIONS: usize = 112;
const BACKING_FORMAT: u32 = 0xe279_2aca;
const BITMAPS: u32 = 0x2385_2875;
const CRYPTO: u32 = 0x0537_be77;
const FEATURE_NAMES: u32 = 0x6803_f857;

#[test]
fn damaged_headers_are_refused() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |_| {});
    let sound = fs::read(&path).expect("it is there");
    let unknown = "Unsupported qcow2 feature(s): Unknown incompatible feature: 8000000000000000";
    // The header from the cluster size to the features, with clusters of 4 KiB and extended L2.
    let mut subclusters_of_128 = sound[20..80].to_vec();
    (subclusters_of_128[3], subclusters_of_128[59]) = (12, 16);
    let cases: [(usize, &[u8], &str); 22] = [
        (0, b"QFI\xfa", "Image is not in qcow2 format"),
        (4, &[0, 0, 0, 9], "Unsupported qcow2 version 9"),
        (8, &[0, 0, 0, 0, 0, 1, 0, 1], "Invalid backing file offset"),
        (8, &[0, 0, 0, 0, 0, 0, 0, 120, 0, 0, 4, 0], "Backing file name too long"),
        (20, &[0, 0, 0, 8], "Unsupported cluster size: 2^8"),
        (20, &[0, 0, 0, 22], "Unsupported cluster size: 2^22"),
        (24, &[0x40, 0, 0, 0, 0, 0, 0, 0], "Image is too big"),
        (24, &[0, 0, 1, 0, 0, 0, 0, 0], "L1 table is too small"),
        (32, &[0, 0, 0, 1], "Parameter 'encrypt.key-secret' is required for cipher"),
        (32, &[0, 0, 0, 3], "Unsupported encryption method 3"),
        (36, &[0, 0x40, 0, 1], "Active L1 table too large"),
        (40, &[0x40, 0, 0, 0, 0, 0, 0, 1], "Active L1 table offset invalid"),
        (48, &[0, 0, 0, 0, 0, 0, 0, 1], "Reference count table offset invalid"),
        (56, &[0, 0, 0, 0], "Image does not contain a reference count table"),
        (56, &[0, 0, 0, 0x81], "Reference count table too large"),
        (60, &[0, 1, 0, 1], "Snapshot table too large"),
        (72, &[0x80, 0, 0, 0, 0, 0, 0, 0], unknown),
        (79, &[2], "qcow2: Image is corrupt; cannot be opened read/write"),
        (79, &[4], "'data-file' is required for this image"),
        (20, &subclusters_of_128, "Unsupported subcluster size: 128"),
        (96, &[0, 0, 0, 7], "Reference count entry width too large; may not exceed 64 bits"),
        (100, &[0, 0, 0, 1], "qcow2 header too short"),
    ];
    for (offset, bytes, expected) in cases {
        let mut damaged = sound.clone();
        damaged[offset..offset + bytes.len()].copy_from_slice(bytes);
        fs::write(&path, damaged).expect("it can be written");
        assert_eq!(fixture.refusal(qcow2(inline(fixture.file("image"))).named("n")), expected);
    }
    for length in [0, 3, 4, 71, 72, 103] {
        fs::write(&path, &sound[..length]).expect("it can be written");
        fixture.refusal(qcow2(inline(fixture.file("image"))).named("n"));
    }
}

/// An extension of a header.
fn extension(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_be_bytes(), (data.len() as u32).to_be_bytes()].concat();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// The extension of bitmaps.
fn bitmaps(number: u32, reserved: u32, size: u64, offset: u64) -> Vec<u8> {
    let numbers = [number.to_be_bytes(), reserved.to_be_bytes()].concat();
    extension(
        BITMAPS,
        &[numbers, size.to_be_bytes().into(), offset.to_be_bytes().into()].concat(),
    )
}

/// Changes parts of a header, each given with its offset.
fn with_parts(sound: &[u8], parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut changed = sound.to_vec();
    for (offset, bytes) in parts {
        changed[*offset..offset + bytes.len()].copy_from_slice(bytes);
    }
    changed
}

#[test]
fn damaged_extensions_are_refused() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |_| {});
    let sound = fs::read(&path).expect("it is there");
    let luks: (usize, &[u8]) = (35, &[2]);
    let has_bitmaps: (usize, &[u8]) = (95, &[1]);
    let none: (usize, &[u8]) = (95, &[0]);
    // The name of the backing file begins in the middle of the second extension.
    let name_offset = (EXTENSIONS as u64 + 16 + 4).to_be_bytes();
    let crypto = |offset: u64| extension(CRYPTO, &[offset.to_be_bytes(), [0; 8]].concat());
    let cases = [
        (
            none,
            extension(BACKING_FORMAT, &[97; 16]),
            "ERROR: ext_backing_format: len=16 too large (>=16)",
        ),
        (
            none,
            [BACKING_FORMAT.to_be_bytes(), [0, 1, 0, 0]].concat(),
            "Header extension too large",
        ),
        ((8, &name_offset), extension(BACKING_FORMAT, &[97; 8]), "Header extension too large"),
        (none, crypto(0), "CRYPTO header extension only expected with LUKS encryption method"),
        (luks, Vec::new(), "Missing CRYPTO header for crypt method 2"),
        (
            luks,
            extension(CRYPTO, &[0; 8]),
            "CRYPTO header extension size 8, but expected size 16",
        ),
        (
            luks,
            crypto(17),
            "Encryption header offset '17' is not a multiple of cluster size '65536'",
        ),
        (luks, crypto(1 << 20), "Parameter 'encrypt.key-secret' is required for cipher"),
        (none, extension(BITMAPS, &[0; 20]), "bitmaps_ext: Invalid extension length"),
        (has_bitmaps, bitmaps(1, 1, 32, 0x50000), "bitmaps_ext: Reserved field is not zero"),
        (has_bitmaps, bitmaps(0, 0, 32, 0x50000), "found bitmaps extension with zero bitmaps"),
        (
            has_bitmaps,
            bitmaps(65536, 0, 32, 0x50000),
            "bitmaps_ext: Image has 65536 bitmaps, exceeding the QEMU supported maximum of 65535",
        ),
        (has_bitmaps, bitmaps(1, 0, 32, 1), "bitmaps_ext: invalid bitmap directory offset"),
        (
            has_bitmaps,
            bitmaps(1, 0, 67_107_841, 0x50000),
            "bitmaps_ext: bitmap directory size (67107841) exceeds the maximum supported size \
             (67107840)",
        ),
        (has_bitmaps, bitmaps(1, 0, 32, 0), "Broken bitmap directory"),
        (
            has_bitmaps,
            bitmaps(1, 0, 32, 1 << 63),
            "Failed to read bitmap directory: Input/output error",
        ),
        ((32, &[0xff; 4]), Vec::new(), "Unsupported encryption method -1"),
        ((24, &[0xff; 8]), Vec::new(), "Could not refresh total sector count: File too large"),
        (has_bitmaps, bitmaps(1, 0, 0, 0x50000), "Requested bitmap directory size is zero"),
        ((95, &[2]), Vec::new(), "data-file-raw requires a data file"),
    ];
    for (feature, extensions, expected) in cases {
        let damaged = with_parts(&sound, &[feature, (EXTENSIONS, &extensions)]);
        fs::write(&path, damaged).expect("it can be written");
        for read_only in [true, false] {
            let options = qcow2(inline(fixture.file("image"))).named("n").read_only(read_only);
            assert_eq!(fixture.refusal(options), expected);
        }
    }
}

#[test]
fn unknown_features_have_the_names_that_the_image_gives() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |_| {});
    let sound = fs::read(&path).expect("it is there");
    let name = |kind: u8, bit: u8, name: &str| {
        let mut entry = vec![kind, bit];
        entry.extend_from_slice(name.as_bytes());
        entry.resize(48, 0);
        entry
    };
    let table = [name(0, 6, "sixth"), name(1, 7, "compatible"), name(0, 200, "none")].concat();
    let table = extension(FEATURE_NAMES, &table);
    let cases: [(u64, &[u8], &str); 4] = [
        (1 << 6, &table, "sixth"),
        (1 << 6 | 1 << 7 | 1 << 40, &table, "sixth, Unknown incompatible feature: 10000000080"),
        (1 << 6, &table[..30], "sixth"),
        (1 << 6 | 3, &[], "Unknown incompatible feature: 40"),
    ];
    for (features, extensions, expected) in cases {
        let parts = [(72, features.to_be_bytes().to_vec()), (EXTENSIONS, extensions.to_vec())];
        let parts = parts.each_ref().map(|(offset, bytes)| (*offset, bytes.as_slice()));
        fs::write(&path, with_parts(&sound, &parts)).expect("it can be written");
        let refusal = fixture.refusal(qcow2(inline(fixture.file("image"))).named("n"));
        assert_eq!(refusal, format!("Unsupported qcow2 feature(s): {expected}"));
    }
}

#[test]
fn a_corrupt_image_opens_read_only() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |_| {});
    let sound = fs::read(&path).expect("it is there");
    fs::write(&path, with_parts(&sound, &[(79, &[2])])).expect("it can be written");
    let image = || qcow2(inline(fixture.file("image"))).named("n");
    let refusal = fixture.refusal(image());
    assert_eq!(refusal, "qcow2: Image is corrupt; cannot be opened read/write");
    let node = fixture.add(image().read_only(true));
    let info = node.info(BackingImages::Omitted).expect("it has a size");
    assert!(info.image.qcow2.as_ref().is_some_and(|qcow2| qcow2.corrupt));
}

#[test]
fn nodes_end_with_a_whole_sector() {
    let fixture = Fixture::new();
    let path = fixture.format("image", |_| {});
    let odd_size = (M - 1).to_be_bytes();
    let image = with_parts(&fs::read(&path).expect("it is there"), &[(24, &odd_size)]);
    fs::write(&path, image).expect("it can be written");
    fixture.write("plain", &noise(1, 1000));
    let size = |node: &Node| node.size().expect("the size is known");
    // The size in the header of an image is rounded down. All other sizes are rounded up.
    assert_eq!(size(&fixture.add(qcow2(inline(fixture.file("image"))).named("image"))), M - 512);
    assert_eq!(size(&fixture.add(fixture.file("plain").named("file"))), 1024);
    assert_eq!(size(&fixture.add(BlockdevOptions::null_co(513).named("null"))), 1024);
    assert_eq!(size(&fixture.add(BlockdevOptions::null_co(0).named("empty"))), 0);
    let slice = |offset| {
        let raw = BlockdevOptionsRaw {
            offset: Some(offset),
            ..BlockdevOptionsRaw::new(inline(fixture.file("plain").read_only(true)))
        };
        let options = BlockdevOptions::new(BlockdevDriverOptions::Raw(raw));
        fixture.add(options.named(format!("from{offset}")).read_only(true))
    };
    let node = slice(600);
    assert_eq!(size(&node), 512);
    let mut expected = noise(1, 1000)[600..].to_vec();
    expected.resize(512, 0);
    assert_same(&contents(&node), &expected);
    assert_eq!(size(&slice(1023)), 512);
    assert_eq!(size(&slice(1024)), 0);
    let refusal = fixture.refusal(BlockdevOptions::null_co(i64::MAX as u64).named("huge"));
    assert_eq!(refusal, "Could not refresh total sector count: File too large");
}

#[test]
fn options_of_tables_are_checked_against_the_image() {
    let fixture = Fixture::new();
    fixture.format("v2", |options| options.version = Qcow2Version::V2);
    fixture.format("v3", |_| {});
    type Change = fn(&mut BlockdevOptionsQcow2);
    let lazy = "Lazy refcounts require a qcow2 image with at least qemu 1.1 compatibility level";
    let cases: [(&str, Change, &str); 8] = [
        ("v2", |o| o.lazy_refcounts = Some(true), lazy),
        (
            "v2",
            |o| o.discard_no_unref = Some(true),
            "discard-no-unref is only supported since qcow2 version 3",
        ),
        (
            "v3",
            |o| o.l2_cache_size = Some(-1),
            "Value '-1' is out of range for parameter 'l2-cache-size'",
        ),
        (
            "v3",
            |o| {
                (o.cache_size, o.l2_cache_size) = (Some(1), Some(1));
                o.refcount_cache_size = Some(1);
            },
            "cache-size, l2-cache-size and refcount-cache-size may not be set at the same time",
        ),
        (
            "v3",
            |o| (o.cache_size, o.l2_cache_size) = (Some(1000), Some(2000)),
            "l2-cache-size may not exceed cache-size",
        ),
        (
            "v3",
            |o| o.l2_cache_entry_size = Some(1000),
            "L2 cache entry size must be a power of two between 512 and the cluster size (65536)",
        ),
        ("v3", |o| o.cache_clean_interval = Some(-1), "Cache clean interval too big"),
        ("v3", |o| o.cache_clean_interval = Some(1 << 40), "Cache clean interval too big"),
    ];
    for (image, change, expected) in cases {
        let mut options = BlockdevOptionsQcow2::new(fixture.file(image));
        change(&mut options);
        let refusal = fixture.refusal(BlockdevOptions::from(options).named("n"));
        assert_eq!(refusal, expected);
    }
}
