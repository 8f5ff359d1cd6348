//! TLS of the NBD server: credentials, and the clients that they let connect.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose, date_time_ymd};
use serde_json::json;
use surroundings::peer;
use tempfile::TempDir;

use crate::support::certificates::{Authority, Role};
use crate::support::daemon::{Daemon, wait_for};

/// The size of the exported disk in bytes.
const SIZE: u64 = 32 << 20;

/// A daemon that exports a raw image with TLS, with the certificates in the folder `server`.
/// `credentials` and `server` continue the options of both.
fn serve(folder: TempDir, credentials: &str, server: &str, objects: &[&str]) -> Daemon {
    let disk = fs::File::create(folder.path().join("disk")).unwrap();
    disk.set_len(SIZE).unwrap();
    let credentials =
        format!("tls-creds-x509,id=tls,dir=$DIR/server,endpoint=server{credentials}");
    let server = format!("addr.type=unix,addr.path=$DIR/nbd,tls-creds=tls{server}");
    let mut arguments = vec!["--object", &credentials];
    arguments.extend(objects.iter().flat_map(|object| ["--object", object]));
    arguments
        .extend(["--blockdev", "raw,node-name=disk,file.driver=file,file.filename=$DIR/disk"]);
    arguments.extend(["--nbd-server", &server]);
    arguments.extend(["--export", "nbd,id=disk,node-name=disk,writable=on"]);
    let daemon = Daemon::start_in(folder, &arguments);
    wait_for("the server to listen", || daemon.path("nbd").exists().then_some(()));
    daemon
}

/// Runs commands of qemu-io as a client with the certificates in a folder of the daemon's, or
/// without TLS.
fn qemu_io(
    program: &Path,
    daemon: &Daemon,
    certificates: Option<&str>,
    commands: &[&str],
) -> Output {
    let mut image = format!(
        "driver=nbd,server.type=unix,server.path={},export=disk",
        daemon.path("nbd").display()
    );
    let mut command = Command::new(program);
    if let Some(certificates) = certificates {
        let folder = daemon.path(certificates);
        command
            .arg("--object")
            .arg(format!("tls-creds-x509,id=tls,endpoint=client,dir={}", folder.display()));
        image.push_str(",tls-creds=tls,tls-hostname=localhost");
    }
    command.args(commands.iter().flat_map(|command| ["-c", command]));
    command.arg("--image-opts").arg(image).output().unwrap()
}

/// Folders with the certificates of a server and of several clients.
fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new(), Authority::new());
    let path = |name: &str| folder.path().join(name);
    authority.write(&path("server"), Role::Server, |_| {});
    authority.write(&path("client"), Role::Client, |_| {});
    authority.write_own(&path("nameless"));
    other.write(&path("stranger"), Role::Client, |_| {});
    // The stranger knows the server, which does not know the stranger.
    fs::copy(path("server/ca-cert.pem"), path("stranger/ca-cert.pem")).unwrap();
    folder
}

#[test]
fn a_client_with_tls_reads_what_it_wrote() {
    let Some(program) = peer("qemu-io") else { return };
    let daemon = serve(certificates(), "", "", &[]);
    let commands = [
        "write -P 7 0 32M",
        "write -P 8 1000 3",
        "aio_write -P 9 1M 1M",
        "aio_write -P 10 3M 1M",
        "aio_flush",
        "flush",
        "read -P 7 0 1000",
        "read -P 8 1000 3",
        "read -P 9 1M 1M",
        "read -P 7 4M 28M",
    ];
    let output = qemu_io(&program, &daemon, Some("client"), &commands);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !text.contains("verification failed"), "{output:?}");
    let disk = fs::read(daemon.path("disk")).unwrap();
    assert_eq!(disk.len() as u64, SIZE);
    assert_eq!(disk[999..1004], [7, 8, 8, 8, 7]);
    assert!(disk[3 << 20..4 << 20].iter().all(|byte| *byte == 10));
}

#[test]
fn only_authorized_clients_connect() {
    let Some(program) = peer("qemu-io") else { return };
    let known = "authz-simple,id=who,identity=O=Organization,,CN=localhost";
    let other = "authz-simple,id=who,identity=O=Organization,,CN=else";
    let list =
        "authz-list,id=who,rules.0.match=*CN=local*,rules.0.policy=allow,rules.0.format=glob";
    type Row<'a> = (&'a str, &'a str, &'a [&'a str], Option<&'a str>, bool);
    let table: [Row; 11] = [
        ("", "", &[], Some("client"), true),
        ("", "", &[], None, false),
        ("", "", &[], Some("nameless"), false),
        ("", "", &[], Some("stranger"), false),
        (",verify-peer=off", "", &[], Some("nameless"), true),
        (",verify-peer=off", "", &[], None, false),
        ("", ",tls-authz=who", &[known], Some("client"), true),
        ("", ",tls-authz=who", &[other], Some("client"), false),
        ("", ",tls-authz=who", &[list], Some("client"), true),
        ("", ",tls-authz=who", &[], Some("client"), false),
        (",verify-peer=off", ",tls-authz=who", &[known], Some("nameless"), false),
    ];
    for (index, (credentials, server, objects, client, is_served)) in
        table.into_iter().enumerate()
    {
        let daemon = serve(certificates(), credentials, server, objects);
        let output = qemu_io(&program, &daemon, client, &["read 0 512"]);
        assert_eq!(output.status.success(), is_served, "row {index}: {output:?}");
    }
}

#[test]
fn clients_whose_certificates_are_revoked_are_refused() {
    let Some(program) = peer("qemu-io") else { return };
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let path = |name: &str| folder.path().join(name);
    authority.write(&path("server"), Role::Server, |_| {});
    for (name, serial_number) in [("revoked", 13), ("valid", 14)] {
        authority.write(&path(name), Role::Client, |parameters| {
            parameters.serial_number = Some(serial_number.into());
        });
    }
    authority.revoke(&path("server"), &[12, 13]);
    let daemon = serve(folder, "", "", &[]);
    for (client, is_served) in [("revoked", false), ("valid", true)] {
        let output = qemu_io(&program, &daemon, Some(client), &["read 0 512"]);
        assert_eq!(output.status.success(), is_served, "{client}: {output:?}");
    }
}

#[test]
fn unfit_credentials_are_refused() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let (authority, other) = (Authority::new(), Authority::new());
    let folder = |name: &str| daemon.path(name);
    let server = |name: &str| authority.write(&folder(name), Role::Server, |_| {});
    authority.write_own(&folder("no-certificate"));
    server("no-key");
    fs::remove_file(folder("no-key/server-key.pem")).unwrap();
    server("other-key");
    other.write(&folder("other"), Role::Server, |_| {});
    fs::copy(folder("other/server-key.pem"), folder("other-key/server-key.pem")).unwrap();
    server("other-issuer");
    fs::copy(folder("other/ca-cert.pem"), folder("other-issuer/ca-cert.pem")).unwrap();
    server("no-authority");
    fs::copy(folder("other/server-cert.pem"), folder("no-authority/ca-cert.pem")).unwrap();
    server("no-list");
    fs::copy(folder("no-list/server-cert.pem"), folder("no-list/ca-crl.pem")).unwrap();
    server("junk");
    fs::write(folder("junk/server-cert.pem"), "junk").unwrap();
    authority.write(&folder("expired"), Role::Server, |parameters| {
        parameters.not_after = date_time_ymd(2020, 1, 1);
        parameters.not_before = date_time_ymd(2019, 1, 1);
    });
    authority.write(&folder("early"), Role::Server, |parameters| {
        parameters.not_before = date_time_ymd(4000, 1, 1);
    });
    authority.write(&folder("usage"), Role::Server, |parameters| {
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    authority.write(&folder("purpose"), Role::Server, |parameters| {
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let table = [
        ("nowhere", "Unable to access credentials $1/ca-cert.pem: No such file or directory"),
        (
            "no-certificate",
            "Unable to access credentials $1/server-cert.pem: No such file or directory",
        ),
        ("no-key", "Unable to access credentials $1/server-key.pem: No such file or directory"),
        (
            "other-key",
            "Cannot load certificate '$1/server-cert.pem' & key '$1/server-key.pem': \
             The certificate and the given key do not match.",
        ),
        (
            "other-issuer",
            "Our own certificate $1/server-cert.pem failed validation against $1/ca-cert.pem: \
             The certificate hasn't got a known issuer",
        ),
        ("no-authority", "The certificate $1/ca-cert.pem basic constraints do not show a CA"),
        ("junk", "Unable to import server certificate $1/server-cert.pem: no items found"),
        ("no-list", "Cannot load CRL '$1/ca-crl.pem': no items found"),
        ("expired", "The server certificate $1/server-cert.pem has expired"),
        ("early", "The server certificate $1/server-cert.pem is not yet active"),
        ("usage", "Certificate $1/server-cert.pem usage does not permit key encipherment"),
    ];
    let credentials = |name: &str| {
        json!({
            "qom-type": "tls-creds-x509", "id": name, "endpoint": "server", "dir": folder(name),
        })
    };
    for (name, expected) in table {
        let expected = expected.replace("$1", &folder(name).display().to_string());
        assert_eq!(client.refused("object-add", credentials(name)), expected);
    }
    // Only a critical extension restricts the purpose.
    client.execute("object-add", credentials("purpose"));
}

#[test]
fn objects_have_identifiers() {
    let daemon = Daemon::start(&[]);
    Authority::new().write_own(&daemon.path("authority"));
    let mut client = daemon.client();
    let authorization =
        |id: &str| json!({"qom-type": "authz-simple", "id": id, "identity": "CN=else"});
    let credentials = json!({
        "qom-type": "tls-creds-x509", "id": "client", "dir": daemon.path("authority"),
    });
    client.execute("object-add", credentials);
    client.execute("object-add", authorization("who"));
    let server = |credentials: &str| {
        let addr = json!({"type": "unix", "data": {"path": daemon.path("nbd")}});
        json!({ "addr": addr, "tls-creds": credentials })
    };
    let psk =
        json!({"qom-type": "tls-creds-psk", "id": "keys", "dir": "/", "endpoint": "server"});
    let table = [
        (
            "object-add",
            authorization("who"),
            "attempt to add duplicate property 'who' to object (type 'container')",
        ),
        ("object-add", authorization("1"), "Parameter 'id' expects an identifier"),
        ("object-add", psk, "tls-creds-psk is not supported; tls-creds-x509 is"),
        ("object-del", json!({"id": "nope"}), "object 'nope' not found"),
        ("nbd-server-start", server("nope"), "No TLS credentials with id 'nope'"),
        ("nbd-server-start", server("who"), "Object with id 'who' is not TLS credentials"),
        ("nbd-server-start", server("client"), "Expected TLS credentials for a server endpoint"),
    ];
    for (command, arguments, expected) in table {
        assert_eq!(client.refused(command, arguments), expected);
    }
    client.execute("object-del", json!({"id": "who"}));
    client.execute("object-add", authorization("who"));
}
