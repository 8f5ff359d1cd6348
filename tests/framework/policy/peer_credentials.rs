//! Clients of another user.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use qapi_core::policy::Access;
use qapi_core::{Listener, Policy, Server};

use crate::support::registry::registry_of;

/// A user that is neither root nor, as a rule, the one that runs the tests.
const FOREIGN: u32 = 65_534;

/// What the server at `path` says first to a client of another user, up to the first newline.
/// The kernel tells the user of the thread that connects, and root may change that of one thread.
fn greeting_as_foreigner(path: &Path) -> String {
    let path = path.to_owned();
    let connect = move || {
        let (uid, gid) =
            (rustix::process::Uid::from_raw(FOREIGN), rustix::process::Gid::from_raw(FOREIGN));
        rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
        rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
        let mut said = Vec::new();
        let mut stream = UnixStream::connect(path).unwrap();
        let mut byte = [0];
        while stream.read(&mut byte).unwrap_or(0) == 1 && byte[0] != b'\n' {
            said.push(byte[0]);
        }
        String::from_utf8(said).unwrap()
    };
    std::thread::spawn(connect).join().unwrap()
}

/// What a foreigner is told by a server under `policy`, whose socket's file lets everybody in;
/// `None` where the tests may not change their user.
async fn greeting_under(policy: Policy) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("left out: only root can connect as another user");
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let path: PathBuf = directory.path().join("qmp.sock");
    let server = Server::new()
        .registry(registry_of("main::policy::peer_credentials"))
        .policy(policy)
        .listen(Listener::unix(&path).unwrap());
    for (path, mode) in [(directory.path(), 0o755), (&*path, 0o666)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let shutdown = server.shutdown();
    let task = tokio::spawn(server.serve());
    let said = tokio::task::spawn_blocking(move || greeting_as_foreigner(&path)).await.unwrap();
    shutdown.request();
    task.await.unwrap().unwrap();
    Some(said)
}

#[tokio::test]
async fn another_user_is_refused_without_a_word() {
    if let Some(said) = greeting_under(Policy::new()).await {
        assert_eq!(said, "");
    }
}

#[tokio::test]
async fn another_user_may_be_allowed() {
    let policy = Policy::new().peers(Access::owner_and_root().allow_uid(FOREIGN));
    if let Some(said) = greeting_under(policy).await {
        assert!(said.starts_with("{\"QMP\": "), "{said}");
    }
}

#[tokio::test]
async fn another_group_may_be_allowed() {
    let policy = Policy::new().peers(Access::owner_and_root().allow_gid(FOREIGN));
    if let Some(said) = greeting_under(policy).await {
        assert!(said.starts_with("{\"QMP\": "), "{said}");
    }
}
