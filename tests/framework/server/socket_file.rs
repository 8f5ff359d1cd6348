//! The file of a Unix socket: permissions, replacement and removal.

use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use qapi_core::Listener;
use qapi_core::server::SocketAccess;

use super::fixture::{Client, Running};

#[tokio::test]
async fn only_the_owner_has_permissions() {
    let server = Running::start();
    let metadata = std::fs::symlink_metadata(&server.path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_server_removes_its_file_at_the_end() {
    let server = Running::start();
    let path = server.path.clone();
    server.shutdown.request();
    let directory = server.ended_leaving_directory().await;
    assert!(!path.exists());
    drop(directory);
}

#[tokio::test]
async fn the_server_does_not_remove_another_file_at_its_path() {
    let server = Running::start();
    let path = server.path.clone();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "another program's").unwrap();
    server.shutdown.request();
    let directory = server.ended_leaving_directory().await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "another program's");
    drop(directory);
}

#[test]
fn an_abandoned_socket_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "the standard library does not remove the file");
    Listener::unix(&path).unwrap();
}

#[test]
fn a_socket_in_use_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    let _first = Listener::unix(&path).unwrap();
    let error = Listener::unix(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("Failed to bind socket to {}: Address already in use", path.display())
    );
}

#[test]
fn a_file_that_is_not_a_socket_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    std::fs::write(&path, "precious").unwrap();
    let error = Listener::unix(&path).unwrap_err();
    assert!(error.to_string().ends_with("a file that is not a socket exists there"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (target, path) = (directory.path().join("target"), directory.path().join("qmp.sock"));
    drop(UnixListener::bind(&target).unwrap());
    symlink(&target, &path).unwrap();
    assert!(Listener::unix(&path).is_err());
    assert!(target.exists(), "the target of the link is untouched");
}

#[test]
fn a_path_that_is_too_long_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x".repeat(200));
    let error = Listener::unix(&path).unwrap_err().to_string();
    assert!(error.starts_with("Failed to bind socket to "), "{error}");
}

#[tokio::test]
async fn clients_are_served_again_after_a_restart() {
    for _ in 0..2 {
        let server = Running::start();
        Client::negotiated(&server.path).await;
        server.shutdown.request();
        server.ended().await.unwrap();
    }
}

#[test]
fn the_file_has_the_configured_owner_and_mode() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    let gid = rustix::process::getegid().as_raw();
    let access = SocketAccess::new().mode(0o660).group(gid);
    let _listener = Listener::unix_with(&path, access).unwrap();
    let metadata = std::fs::symlink_metadata(&path).unwrap();
    assert_eq!((metadata.mode() & 0o777, metadata.gid()), (0o660, gid));
}

#[test]
fn an_owner_that_cannot_be_set_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    if rustix::process::geteuid().is_root() {
        let access = SocketAccess::new().owner(65534);
        let _listener = Listener::unix_with(&path, access).unwrap();
        assert_eq!(std::fs::symlink_metadata(&path).unwrap().uid(), 65534);
    } else {
        let access = SocketAccess::new().owner(0);
        assert!(Listener::unix_with(&path, access).is_err());
        assert!(!path.exists(), "the failed start removes the file");
    }
}

#[test]
fn the_file_never_admits_other_users() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    let (seen, is_done) = (AtomicU32::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                if let Ok(metadata) = path.symlink_metadata() {
                    seen.fetch_or(metadata.mode() & 0o777, Ordering::Relaxed);
                }
            }
        });
        for _ in 0..500 {
            drop(Listener::unix(&path).unwrap());
        }
        is_done.store(true, Ordering::Relaxed);
    });
    assert_eq!(seen.load(Ordering::Relaxed) & !0o600, 0);
}

/// The files in the folder of `path`.
fn files_beside(path: &std::path::Path) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(path.parent().unwrap()).unwrap();
    entries.map(|entry| entry.unwrap().file_name()).collect()
}

#[test]
fn of_many_starts_on_an_abandoned_socket_one_succeeds_and_keeps_its_file() {
    const STARTS: usize = 12;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    for _ in 0..20 {
        drop(UnixListener::bind(&path).unwrap());
        let barrier = Barrier::new(STARTS);
        let start = || {
            barrier.wait();
            Listener::unix(&path)
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..STARTS).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let texts: Vec<String> = results
            .iter()
            .filter_map(|result| Some(result.as_ref().err()?.to_string()))
            .collect();
        assert_eq!(texts.len(), STARTS - 1, "{texts:?}");
        assert!(texts.iter().all(|text| text.ends_with("Address already in use")), "{texts:?}");
        UnixStream::connect(&path).expect("the socket of the one that succeeded");
        assert_eq!(files_beside(&path), ["qmp.sock"]);
        drop(results);
        assert!(!path.exists(), "its file is removed at its end");
    }
}

#[test]
fn a_path_of_the_full_length_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let rest = 108 - directory.path().as_os_str().len() - 1;
    let path = directory.path().join("x".repeat(rest));
    let listener = Listener::unix(&path).unwrap();
    assert_eq!(files_beside(&path).len(), 1);
    drop(listener);
    assert_eq!(files_beside(&path).len(), 0);
}

#[test]
fn an_error_of_the_lock_names_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    std::fs::create_dir(directory.path().join("qmp.sock.lock")).unwrap();
    let error = Listener::unix(&path).unwrap_err().to_string();
    assert!(
        error.contains("cannot open the lock file") && error.contains("qmp.sock.lock"),
        "{error}"
    );
}

#[test]
fn the_lock_of_a_start_that_was_killed_does_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    std::fs::write(directory.path().join("qmp.sock.lock"), "").unwrap();
    let _listener = Listener::unix(&path).unwrap();
    assert_eq!(files_beside(&path), ["qmp.sock"]);
}
