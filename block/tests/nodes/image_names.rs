//! Names of images: descriptions and protocols, as backing files and as the files of a client.

use block::nodes::{Graph, by_name};
use block::options::{
    BlockdevDriverOptions, BlockdevImageReferences as References, BlockdevOptions,
    BlockdevRefOrNull,
};

use crate::support::{Fixture, K, M, file, inline, noise, qcow2, text};

/// An image that names this backing file.
fn overlay(fixture: &Fixture, backing: &str, format: Option<&str>) -> BlockdevOptions {
    fixture.format("overlay", |options| {
        options.backing_file = Some(backing.to_owned());
        options.backing_format = format.map(str::to_owned);
    });
    qcow2(inline(fixture.file("overlay"))).named("overlay")
}

/// The drivers of all nodes, the newest first.
fn drivers(fixture: &Fixture) -> Vec<&'static str> {
    fixture.graph.nodes().iter().map(|node| node.driver().name()).collect()
}

#[test]
fn a_backing_file_may_be_described_in_single_quotes() {
    let fixture = Fixture::new();
    let base = text(&fixture.write("base", &[7; 1 << 20]));
    for name in [
        format!("json:{{'driver':'raw','file':{{'driver':'file','filename':'{base}'}}}}"),
        format!("json:{{'file':{{'filename':'{base}'}}}}"),
        format!("json:{{'driver':'qcow2','file.filename':'{base}'}}"),
    ] {
        let node = fixture.add(overlay(&fixture, &name, Some("raw")));
        let mut byte = [0];
        node.read(1, &mut byte).expect("readable");
        assert_eq!((byte, drivers(&fixture)), ([7], vec!["raw", "file", "qcow2", "file"]));
        drop(node);
        fixture.graph.remove("overlay").expect("it is unused");
    }
}

#[test]
fn the_format_of_a_described_file_is_probed() {
    let fixture = Fixture::new();
    let base = text(&fixture.format("base", |_| {}));
    let name = format!("json:{{'file.filename':'{base}'}}");
    fixture.add(overlay(&fixture, &name, None));
    assert_eq!(drivers(&fixture), ["qcow2", "file", "qcow2", "file"]);
}

#[test]
fn protocols_are_names_of_backing_files() {
    let fixture = Fixture::new();
    let base = text(&fixture.write("base", &[0; 1 << 20]));
    let image = text(&fixture.format("image", |_| {}));
    let config = text(&fixture.write("config", b"[inject-error]\nevent = \"read_aio\"\n"));
    for (name, format, expected, filename) in [
        ("null-co://", Some("raw"), &["raw", "null-co"][..], "null-co://"),
        ("null-co://", None, &["raw", "null-co"], "null-co://"),
        (
            "blkdebug::null-co://",
            Some("raw"),
            &["raw", "null-co", "blkdebug"],
            "blkdebug::null-co://",
        ),
        (&format!("file:{base}"), Some("raw"), &["raw", "file"], &base),
        (&base, Some("blkdebug"), &["file", "blkdebug"], &format!("blkdebug::{base}")),
        (
            &format!("blkdebug::{image}"),
            None,
            &["qcow2", "file", "blkdebug"],
            &format!("blkdebug::{image}"),
        ),
        (
            &format!("blkdebug:{config}:{base}"),
            Some("raw"),
            &["raw", "file", "blkdebug"],
            &format!("blkdebug:{config}:{base}"),
        ),
    ] {
        let node = fixture.add(overlay(&fixture, name, format));
        assert_eq!(drivers(&fixture)[..expected.len()], *expected, "{name}");
        let backing = node.backing().expect("a backing node");
        assert_eq!(backing.filename(), filename);
        drop((node, backing));
        fixture.graph.remove("overlay").expect("it is unused");
    }
}

#[test]
fn the_rules_of_a_file_apply_before_those_of_the_options() {
    let fixture = Fixture::new();
    let base = text(&fixture.write("base", &[0; 1 << 20]));
    let rules = "[inject-error]\nevent = \"none\"\niotype = \"read\"\nerrno = \"28\"\n";
    let config = text(&fixture.write("config", rules.as_bytes()));
    let name = format!(
        "json:{{'driver':'blkdebug','image.filename':'{base}','config':'{config}',\
         'inject-error':[{{'event':'none','errno':5}}]}}"
    );
    let node = fixture.add(by_name(&name, None).expect("it is well-formed").named("b"));
    let refused = node.read(0, &mut [0; 512]).expect_err("the rule of the file applies");
    assert_eq!(refused.to_string(), "No space left on device");
    let refused = node.write(0, &[0; 512]).expect_err("the rule of the options applies");
    assert_eq!(refused.to_string(), "Input/output error");
    assert!(node.filename().contains(&format!(r#""config": "{config}""#)));
}

#[test]
fn files_with_rules_that_cannot_be_read_are_refused() {
    let fixture = Fixture::new();
    fixture.write("base", &[0; 512]);
    let large = vec![b'#'; (1 << 20) + 1];
    let folder = text(fixture.folder.path());
    let pipe = fixture.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU)
        .expect("a pipe can be made");
    for (config, expected) in [
        ("nowhere", "Could not read blkdebug config file: No such file or directory"),
        (&folder, "Cannot read config file: Is a directory"),
        (&text(&fixture.write("large", &large)), "Cannot read config file: File too large"),
        (&text(&fixture.write("bad", b"[x]\n")), "There is no option group 'x'"),
    ] {
        let name = format!("blkdebug:{config}:{}", text(&fixture.path("base")));
        let options = by_name(&name, Some("raw")).expect("it is well-formed");
        assert_eq!(fixture.refusal(options.named("b")), expected);
    }
    // A pipe without a writer is an empty file.
    let name = format!("blkdebug:{}:{}", text(&pipe), text(&fixture.path("base")));
    fixture.add(by_name(&name, Some("raw")).expect("it is well-formed").named("b"));
}

#[test]
fn descriptions_within_descriptions_are_paths() {
    let fixture = Fixture::new();
    let inner = "json:{'driver':'null-co'}";
    let name = format!("json:{{\"driver\":\"raw\",\"file\":{{\"filename\":\"{inner}\"}}}}");
    let options = by_name(&name, None).expect("it is well-formed");
    let expected = format!("Could not open '{inner}': No such file or directory");
    assert_eq!(fixture.refusal(options.named("n")), expected);
    assert_eq!(fixture.refusal(file(inner).named("n")), expected);
}

#[test]
fn a_null_node_by_name_has_the_default_size() {
    let fixture = Fixture::new();
    let node = fixture.add(by_name("null-co://", Some("raw")).expect("it is known").named("n"));
    assert_eq!(node.size().expect("it is known"), 1024 * M);
}

#[test]
fn what_images_may_name_is_restricted_by_a_node_or_by_the_graph() {
    let setup = Fixture::new();
    let base = text(&setup.write("base", &[0; 1 << 20]));
    let described = format!("json:{{'driver':'file','filename':'{base}'}}");
    let cases = [
        (base.as_str(), References::All, true),
        (base.as_str(), References::Files, true),
        (base.as_str(), References::None, false),
        (described.as_str(), References::All, true),
        (described.as_str(), References::Files, false),
        ("null-co://", References::Files, false),
        ("null-co://", References::None, false),
    ];
    for (name, allowed, is_opened) in cases {
        let by_graph = Fixture {
            graph: Graph::with_image_references(allowed),
            folder: tempfile::tempdir().expect("a folder for images"),
        };
        for (fixture, given) in [(Fixture::new(), Some(allowed)), (by_graph, None)] {
            let format = if name == described { None } else { Some("raw") };
            let mut options = overlay(&fixture, name, format);
            options.image_references = given;
            let expected = format!(
                "Could not open backing file: The image names the backing file '{name}', \
                 which is forbidden by image-references={allowed}"
            );
            match is_opened {
                true => drop(fixture.add(options.clone())),
                false => assert_eq!(fixture.refusal(options.clone()), expected),
            }
            if !is_opened {
                // A client may still name a backing file, or none.
                fixture.add(options_without_backing(options));
            }
        }
    }
}

fn options_without_backing(mut options: BlockdevOptions) -> BlockdevOptions {
    if let BlockdevDriverOptions::Qcow2(qcow2) = &mut options.driver {
        qcow2.format.backing = Some(BlockdevRefOrNull::NONE);
    }
    options
}

#[test]
fn a_graph_that_restricts_images_is_stricter_than_its_nodes() {
    let mut fixture = Fixture::new();
    fixture.graph = Graph::with_image_references(References::None);
    let mut options = overlay(&fixture, "null-co://", Some("raw"));
    options.image_references = Some(References::All);
    assert!(fixture.refusal(options).ends_with("forbidden by image-references=none"));
    fixture.write("data", b"");
    let data = inline(fixture.file("data"));
    let image = fixture.format("image", |options| options.data_file = Some(data));
    let options = qcow2(inline(file(&text(&image)))).named("n");
    let expected = format!(
        "The image names the data file '{}', which is forbidden by image-references=none",
        text(&fixture.path("data"))
    );
    assert_eq!(fixture.refusal(options), expected);
}

#[test]
fn images_of_a_chain_inherit_what_they_may_name() {
    let fixture = Fixture::new();
    let base = fixture.format("base", |options| {
        options.backing_file = Some("null-co://".into());
        options.backing_format = Some("raw".into());
    });
    let mut options = overlay(&fixture, &text(&base), Some("qcow2"));
    options.image_references = Some(References::Files);
    let text = fixture.refusal(options);
    assert!(
        text.ends_with("'null-co://', which is forbidden by image-references=files"),
        "{text}"
    );
}

#[test]
fn the_format_of_a_backing_file_is_probed_if_the_header_has_none() {
    let fixture = Fixture::new();
    fixture.write("raw", &noise(1, M));
    fixture.write("x.dmg", &noise(2, M));
    fixture.format("qcow2", |_| {});
    let first_bytes: [(&str, &[u8], Option<&str>); 15] = [
        ("bochs", b"Bochs Virtual HD Image", Some("bochs")),
        (
            "cloop",
            b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0 && mount -r -t iso9660 $1\n",
            Some("cloop"),
        ),
        ("luks", b"LUKS\xba\xbe\0\x01", Some("luks")),
        ("luks2", b"LUKS\xba\xbe\0\x02", None),
        ("parallels", b"WithouFreSpacExt", Some("parallels")),
        ("qcow", b"QFI\xfb\0\0\0\x01", Some("qcow")),
        ("qed", b"QED\0", Some("qed")),
        ("vdi", &[&[b'x'; 64][..], b"\x7f\x10\xda\xbe"].concat(), Some("vdi")),
        ("vhdx", b"vhdxfile", Some("vhdx")),
        ("vmdk", b"KDMV and so on", Some("vmdk")),
        ("vmdk3", b"COWD and so on", Some("vmdk")),
        ("descriptor", b"# Disk DescriptorFile\r\n\r\nversion=1\r\n", Some("vmdk")),
        ("comment", b"# a file of settings\nvalue=1\n", None),
        ("comments", b"# comments only", None),
        ("vpc", b"conectix", Some("vpc")),
    ];
    let mut table = vec![("raw", Ok("raw")), ("qcow2", Ok("qcow2")), ("x.dmg", Err("dmg"))];
    for (name, bytes, format) in &first_bytes {
        fixture.write(name, &[*bytes, &noise(3, 4 * K)].concat());
        table.push((name, format.map_or(Ok("raw"), Err)));
    }
    for (backing, expected) in table {
        fixture.format("overlay", |options| options.backing_file = Some(backing.into()));
        let added = fixture.graph.add(&qcow2(inline(fixture.file("overlay"))).named("n"));
        match expected {
            Ok(driver) => {
                let below = added.expect("it can be opened").backing().expect("it has one");
                assert_eq!(below.driver().name(), driver);
                fixture.graph.remove("n").expect("it is unused");
            }
            Err(format) => assert_eq!(
                added.expect_err("the format has no driver").to_string(),
                format!("Could not open backing file: Unknown driver '{format}'")
            ),
        }
    }
}
