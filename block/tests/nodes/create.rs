//! Creation of files and images.

use std::fs;
use std::os::unix::fs::MetadataExt;

use block::create::{Encryption, FileCreate, Preallocation, Qcow2Create, Qcow2Version};
use block::image::qcow2::header::CompressionType;
use block::nodes::BackingImages;

use crate::support::*;

fn file_create(path: &str, size: u64, preallocation: Preallocation) -> Result<(), String> {
    let options = FileCreate { filename: path.to_owned(), size, preallocation };
    options.create(&false.into()).map_err(|error| error.to_string())
}

#[test]
fn creation_empties_a_file_and_sets_its_size() {
    let fixture = Fixture::new();
    let path = fixture.write("old", &noise(1, 8 * K));
    for (size, preallocation, reserved) in [
        (1000, Preallocation::Off, false),
        (0, Preallocation::Falloc, false),
        (64 * K, Preallocation::Falloc, true),
        (64 * K, Preallocation::Full, true),
    ] {
        file_create(&text(&path), size, preallocation).expect("the file can be made");
        assert_same(&fs::read(&path).expect("it is there"), &vec![0; size as usize]);
        let blocks = fs::metadata(&path).expect("it is there").blocks();
        assert_eq!(blocks > 0, reserved, "{size} {preallocation:?}");
    }
}

#[test]
fn files_that_cannot_be_created_report_why() {
    let fixture = Fixture::new();
    let path = text(&fixture.path("new"));
    let nowhere = text(&fixture.path("no/new"));
    let cases = [
        (&path, 1 << 62, Preallocation::Off, "Could not resize file: File too large".to_owned()),
        (
            &path,
            u64::MAX,
            Preallocation::Off,
            "Could not resize file: Invalid argument".to_owned(),
        ),
        (
            &path,
            M,
            Preallocation::Metadata,
            "Unsupported preallocation mode: metadata".to_owned(),
        ),
        (
            &nowhere,
            M,
            Preallocation::Off,
            format!("Could not create '{nowhere}': No such file or directory"),
        ),
    ];
    let skipped = usize::from(!fixture.limits_sizes());
    for (path, size, preallocation, expected) in cases.into_iter().skip(skipped) {
        assert_eq!(file_create(path, size, preallocation), Err(expected));
    }
    fixture.format("image", |_| {});
    fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
    let locked = file_create(&text(&fixture.path("image")), M, Preallocation::Off);
    assert_eq!(locked, Err("Failed to get \"write\" lock".to_owned()));
}

/// A change of the options of a new image.
type Change = fn(&mut Qcow2Create);
/// A change that makes the options of a new image invalid.
type Mistake<'a> = &'a dyn Fn(&mut Qcow2Create);

#[test]
fn new_images_are_valid_empty_and_usable() {
    let changes: [Change; 15] = [
        |_| {},
        |o| o.size = 0,
        |o| o.size = 512,
        |o| o.size = 1 << 40,
        |o| o.cluster_size = 512,
        |o| (o.cluster_size, o.size) = (512, 1 << 32),
        |o| o.cluster_size = 4 * K,
        |o| o.cluster_size = 2 * M,
        |o| o.refcount_bits = 1,
        |o| o.refcount_bits = 8,
        |o| (o.refcount_bits, o.cluster_size, o.size) = (64, 512, 64 * M),
        |o| o.version = Qcow2Version::V2,
        |o| o.lazy_refcounts = true,
        |o| (o.preallocation, o.size) = (Preallocation::Metadata, 100 * M),
        |o| (o.preallocation, o.cluster_size) = (Preallocation::Full, 512),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let fixture = Fixture::new();
        fixture.write("image", &noise(1, 300 * K));
        let mut options = Qcow2Create::new(inline(fixture.file("image")), 4 * M);
        change(&mut options);
        options.create(&fixture.graph).unwrap_or_else(|error| panic!("case {number}: {error}"));
        assert_sound(&fixture.path("image"));
        let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
        assert_eq!(node.size().expect("it has a size"), options.size, "case {number}");
        if options.size >= M {
            let mut head = vec![1; M as usize];
            node.read(0, &mut head).expect("it can be read");
            assert_same(&head, &vec![0; M as usize]);
            node.write(options.size - 512, &[7; 512]).expect("it can be written");
        }
        fixture.graph.remove("n").expect("it is unused");
        assert_sound(&fixture.path("image"));
    }
}

#[test]
fn preallocated_images_have_their_space() {
    for (preallocation, reserved) in [
        (Preallocation::Off, false),
        (Preallocation::Metadata, false),
        (Preallocation::Falloc, true),
        (Preallocation::Full, true),
    ] {
        let fixture = Fixture::new();
        let path = fixture.format("image", |options| {
            options.size = 8 * M;
            options.preallocation = preallocation;
        });
        let blocks = fs::metadata(&path).expect("it is there").blocks() * 512;
        assert_eq!(blocks >= 8 * M, reserved, "{preallocation:?} takes {blocks} bytes");
        assert_sound(&path);
    }
}

/// Checks that each mistake is refused with its text, and that the file does not change.
fn assert_refused(mistakes: &[(Mistake<'_>, &str)]) {
    let fixture = Fixture::new();
    let path = fixture.write("target", &noise(1, K));
    for (change, expected) in mistakes {
        let mut options = Qcow2Create::new(inline(fixture.file("target")), M);
        change(&mut options);
        let error = options.create(&fixture.graph).expect_err("the options are wrong");
        assert_eq!(error.to_string(), *expected);
        assert!(fixture.names().is_empty());
        assert_same(&fs::read(&path).expect("it is there"), &noise(1, K));
    }
}

#[test]
fn invalid_sizes_and_widths_are_refused() {
    let cluster_size = "Cluster size must be a power of two between 512 and 2048k";
    let refcount_width = "Refcount width must be a power of two and may not exceed 64 bits";
    assert_refused(&[
        (&|o| o.size = 1000, "Image size must be a multiple of 512 bytes"),
        (&|o| o.cluster_size = 1000, cluster_size),
        (&|o| o.cluster_size = 256, cluster_size),
        (&|o| o.cluster_size = 4 * M, cluster_size),
        (&|o| o.cluster_size = 0, cluster_size),
        (
            &|o| (o.extended_l2, o.cluster_size) = (true, 8 * K),
            "Extended L2 entries are only supported with cluster sizes of at least 16384 bytes",
        ),
        (&|o| o.refcount_bits = 3, refcount_width),
        (&|o| o.refcount_bits = 0, refcount_width),
        (
            &|o| (o.version, o.refcount_bits) = (Qcow2Version::V2, 1),
            "Different refcount widths than 16 bits require compatibility level 1.1 or above \
             (use version=v3 or greater)",
        ),
    ]);
}

#[test]
fn invalid_options_of_backing_and_data_files_are_refused() {
    assert_refused(&[
        (&|o| o.data_file_raw = true, "data-file-raw requires data-file"),
        (
            &|o| o.backing_format = Some("raw".into()),
            "Backing format cannot be used without backing file",
        ),
        (
            &|o| (o.backing_file, o.preallocation) = (Some("b".into()), Preallocation::Full),
            "Backing file and preallocation can only be used at the same time if \
             extended_l2 is on",
        ),
    ]);
}

/// As in QEMU, the image is created before its size and its backing file are set.
#[test]
fn a_late_error_leaves_an_image_without_the_option() {
    let long = "x".repeat(1024);
    let too_long =
        format!("Could not assign backing file '{long}' with format 'raw': Invalid argument");
    let name_too_long_for_cluster = format!(
        "Could not assign backing file '{}' with format '(null)': No space left on device",
        "b".repeat(500)
    );
    let huge = 9_223_372_036_854_775_296;
    let too_many_clusters = |o: &mut Qcow2Create, preallocation| {
        (o.cluster_size, o.refcount_bits, o.size) = (512, 64, 40 << 30);
        o.preallocation = preallocation;
    };
    let encrypted = |key_secret| Some(Encryption { key_secret });
    let cases: [(Mistake<'_>, &str, u64); 9] = [
        (
            &|o| o.encryption = encrypted(None),
            "Parameter 'encrypt.key-secret' is required for cipher",
            M,
        ),
        (&|o| o.encryption = encrypted(Some("s".into())), "No secret with id 's'", M),
        (
            &|o| too_many_clusters(o, Preallocation::Metadata),
            "Could not resize image: Allocating clusters failed: File too large",
            0,
        ),
        (
            &|o| too_many_clusters(o, Preallocation::Falloc),
            "Could not resize image: Failed to resize refcount structures: File too large",
            0,
        ),
        (&|o| o.size = 1 << 63, "Could not resize image: Image size cannot be negative", 0),
        (
            &|o| o.size = huge,
            "Could not resize image: offset(9223372036854775296) exceeds \
             maximum(9223372035781033984)",
            0,
        ),
        (
            &|o| o.size = 1 << 61,
            "Could not resize image: Failed to grow the L1 table: File too large",
            0,
        ),
        (
            &|o| {
                (o.backing_file, o.cluster_size) = (Some("b".repeat(500)), 512);
            },
            &name_too_long_for_cluster,
            M,
        ),
        (
            &|o| {
                (o.backing_file, o.backing_format) = (Some(long.clone()), Some("raw".into()));
            },
            &too_long,
            M,
        ),
    ];
    for (change, expected, size) in cases {
        assert_fails_with_an_image_of(size, expected, change);
    }
}

fn assert_fails_with_an_image_of(size: u64, expected: &str, change: Mistake<'_>) {
    let fixture = Fixture::new();
    let path = fixture.write("target", &noise(1, K));
    let mut options = Qcow2Create::new(inline(fixture.file("target")), M);
    change(&mut options);
    let error = options.create(&fixture.graph).expect_err("the options are wrong");
    assert_eq!(error.to_string(), expected);
    assert!(fixture.names().is_empty());
    assert_sound(&path);
    let node = fixture.add(qcow2(inline(fixture.file("target"))).named("n"));
    assert_eq!(node.size().expect("it has a size"), size, "{expected}");
    assert!(!node.names_backing());
}

#[test]
fn data_files_have_space_for_all_allocated_clusters() {
    let changes: [(Change, u64); 4] = [
        (|_| {}, M + 512),
        (|o| o.data_file_raw = true, M + 64 * K),
        (|o| o.preallocation = Preallocation::Metadata, M + 64 * K),
        (|o| (o.extended_l2, o.preallocation) = (true, Preallocation::Metadata), M + 2 * K),
    ];
    for (change, length) in changes {
        let fixture = Fixture::new();
        fixture.write("data", b"");
        fixture.format("image", |options| {
            (options.data_file, options.size) = (Some(inline(fixture.file("data"))), M + 512);
            change(options);
        });
        assert_eq!(fs::metadata(fixture.path("data")).expect("it is there").len(), length);
    }
}

#[test]
fn features_of_the_newer_version_are_refused_for_the_older() {
    let newer = "supported with compatibility level 1.1 and above (use version=v3 or greater)";
    let changes: [(Change, &str); 4] = [
        (|o| o.lazy_refcounts = true, "Lazy refcounts only"),
        (|o| o.extended_l2 = true, "Extended L2 entries are only"),
        (|o| o.data_file = Some(named("nope")), "External data files are only"),
        (|o| o.compression_type = CompressionType::Zstd, "Non-zlib compression type is only"),
    ];
    let fixture = Fixture::new();
    fixture.write("target", b"");
    for (change, what) in changes {
        let mut options = Qcow2Create::new(inline(fixture.file("target")), M);
        options.version = Qcow2Version::V2;
        change(&mut options);
        let error = options.create(&fixture.graph).expect_err("the version is too old");
        assert_eq!(error.to_string(), format!("{what} {newer}"));
    }
}

#[test]
fn nodes_that_cannot_be_formatted_report_why() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    fixture.write("plain", b"");
    fixture.add(fixture.file("plain").named("ro").read_only(true));
    fixture.add(qcow2(inline(fixture.file("image").named("f"))).named("q"));
    let refusal = |child| {
        let error = Qcow2Create::new(child, M).create(&fixture.graph).expect_err("it is refused");
        error.to_string()
    };
    assert_eq!(refusal(named("nope")), "Cannot find device='nope' nor node-name='nope'");
    assert_eq!(refusal(named("ro")), "Block node is read-only");
    assert_eq!(
        refusal(named("f")),
        "Permission conflict on node 'f': permissions 'write, resize' are both required by an \
         unnamed block device (uses node 'f' as 'root' child) and unshared by node 'q' (uses \
         node 'f' as 'file' child)."
    );
    assert_eq!(fixture.names(), ["q", "f", "ro"]);
}

#[test]
fn the_header_contains_the_options() {
    let fixture = Fixture::new();
    fixture.format("image", |options| {
        options.cluster_size = 4 * K;
        options.refcount_bits = 1;
        options.lazy_refcounts = true;
        options.backing_file = Some("base.raw".into());
        options.backing_format = Some("raw".into());
    });
    fixture.write("base.raw", &[0; 512]);
    let node = fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
    let image = node.info(BackingImages::Omitted).expect("sizes are known").image;
    let qcow2 = image.qcow2.as_ref().expect("it is a qcow2 image");
    assert_eq!((qcow2.compat, qcow2.refcount_bits, qcow2.lazy_refcounts), ("1.1", 1, true));
    assert_eq!(image.cluster_size, Some(4 * K));
    assert_eq!(image.backing_filename.as_deref(), Some("base.raw"));
    assert_eq!(image.backing_format.as_deref(), Some("raw"));
    assert_eq!(image.full_backing_filename, Some(text(&fixture.path("base.raw"))));
    assert!(image.dirty == Some(false) && image.backing_image.is_none());
}
