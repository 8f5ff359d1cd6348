//! The command line of the program: its errors, and the options that print.

use std::process::Stdio;

use crate::support::daemon::{command, run};
use crate::support::images::{create_qcow2, set_backing};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn errors_are_printed_and_end_the_program_with_status_1() {
    let missing = "driver=file,node-name=a,filename=/does/not/exist";
    let table: [(&[&str], &str); 15] = [
        (&["--bogus"], "unrecognized option '--bogus'"),
        (&["foo"], "foo: Unexpected argument"),
        (&["--monitor"], "option '--monitor' requires an argument"),
        (&["--monitor", "x"], "--monitor x: chardev \"x\" not found"),
        (
            &["--monitor", "mode=control"],
            "--monitor mode=control: Parameter 'chardev' is missing",
        ),
        (
            &["--chardev", "stdio,id=a", "--monitor", "a,mode=readline"],
            "--monitor a,mode=readline: Only QMP is supported",
        ),
        (
            &["--chardev", "stdio,id=a", "--monitor", "a", "--monitor", "a"],
            "--monitor a: chardev 'a' is already in use",
        ),
        (
            &["--chardev", "stdio,id=a", "--chardev", "stdio,id=b"],
            "--chardev stdio,id=b: cannot use stdio by multiple character devices",
        ),
        (
            &["--blockdev", "nope,node-name=a"],
            "--blockdev nope,node-name=a: Parameter 'driver' does not accept value 'nope'",
        ),
        (
            &["--blockdev", "null-co"],
            "--blockdev null-co: 'node-name' must be specified for the root node",
        ),
        (
            &["--blockdev", "null-co,node-name=a,size=1G"],
            "--blockdev null-co,node-name=a,size=1G: Parameter 'size' expects integer",
        ),
        (
            &["--blockdev", "{\"driver\": \"null-co\""],
            "--blockdev {\"driver\": \"null-co\": JSON parse error, premature EOI",
        ),
        (
            &["--blockdev", missing, "--monitor", "x"],
            "--blockdev driver=file,node-name=a,filename=/does/not/exist: \
             Could not open '/does/not/exist': No such file or directory",
        ),
        (
            &["--pidfile", ""],
            "cannot create PID file: Could not create '': No such file or directory",
        ),
        (
            &["--pidfile", "/does/not/exist"],
            "cannot create PID file: Could not create '/does/not/exist': \
             No such file or directory",
        ),
    ];
    for (arguments, expected) in table {
        let output = run(arguments);
        assert_eq!(
            text(&output.stderr),
            format!("storage-daemon: {expected}\n"),
            "{arguments:?}"
        );
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
}

#[test]
fn files_outside_the_folders_of_landlock_cannot_be_opened() {
    let inside = tempfile::tempdir().unwrap();
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(inside.path().join("disk"), [0; 512]).unwrap();
    let folder = inside.path().to_str().unwrap();
    let read_only = format!("path={folder},read-only=on");
    let disk = format!("{folder}/disk");
    let other = outside.path().to_str().unwrap();
    let unsupported = "--landlock: This kernel does not support Landlock, or has it disabled";
    for (landlock, path) in [(folder, other), (read_only.as_str(), disk.as_str())] {
        let node = format!("driver=file,node-name=n,filename={path}");
        let output = run(&["--landlock", landlock, "--blockdev", &node]);
        let refused = format!("--blockdev {node}: Could not open '{path}': Permission denied");
        let found = text(&output.stderr);
        // Without support by the kernel, the program does not start.
        let expected =
            [refused.as_str(), unsupported].map(|text| format!("storage-daemon: {text}\n"));
        assert!(expected.contains(&found), "{found}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn what_images_may_name_is_restricted_by_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    create_qcow2(&path, 1 << 20, |image| set_backing(image, Some("null-co://")));
    let node =
        format!("driver=qcow2,node-name=n,file.driver=file,file.filename={}", path.display());
    let output = run(&["--image-references", "files", "--blockdev", &node]);
    let expected = format!(
        "storage-daemon: --blockdev {node}: Could not open backing file: The image names the \
         backing file 'null-co://', which is forbidden by image-references=files\n"
    );
    assert_eq!(text(&output.stderr), expected);
}

#[test]
fn help_and_version_are_printed() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    for option in [
        "audit",
        "blockdev",
        "chardev",
        "daemonize",
        "image-references",
        "journal",
        "landlock",
        "list-commands",
        "log",
        "log-calls",
        "log-except",
        "log-file",
        "log-traffic",
        "metrics",
        "monitor",
        "pidfile",
        "slow-calls",
    ] {
        assert!(text(&help.stdout).contains(&format!("--{option}")), "{option}");
    }
    let version = run(&["-V"]);
    assert!(version.status.success());
    assert!(text(&version.stdout).starts_with("storage-daemon version 0.1.0 "));
}

#[test]
fn commands_are_listed_with_their_source() {
    let output = run(&["--list-commands"]);
    assert!(output.status.success());
    let text = text(&output.stdout);
    let row = |name: &str| -> Vec<&str> {
        let row = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        row.split_whitespace().collect()
    };
    assert_eq!(row("job-pause")[1..3], ["3.0", "qapi-job"]);
    assert!(row("job-pause")[3].contains("job/src/qmp.rs:"));
    assert_eq!(row("job-pause")[4..], ["Pauses", "a", "job."]);
    assert_eq!(row("blockdev-add")[1..3], ["2.9", "storage-daemon"]);
    assert_eq!(row("quit")[2], "qapi-core");
}

#[test]
fn qmp_is_served_on_standard_input_and_output() {
    use std::io::Write;
    let mut process = command()
        .args(["--chardev", "stdio,id=a", "--monitor", "a"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let commands = b"{'execute': 'qmp_capabilities'}{'execute': 'quit', 'id': 1}";
    process.stdin.take().unwrap().write_all(commands).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = text(&output.stdout);
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("{\"QMP\": "), "{text}");
    assert_eq!(lines[1..], ["{\"return\": {}}", "{\"return\": {}, \"id\": 1}", ""]);
}
