//! Clients that run as a user other than the server's.

use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use qapi_core::policy::Access;
use qapi_core::{Listener, Policy, Server};

use crate::support::registry::registry_of;

/// A user ID that is not root's, and usually not that of the tests.
const OTHER_USER: u32 = 65_534;

/// The supplementary group of the other user.
const SUPPLEMENTARY_GROUP: u32 = 65_533;

/// Returns the first line that the server at `path` sends to a client of another user. The kernel
/// reports the user of the connecting thread, and root can change the user of a single thread.
fn greeting_as_other_user(path: &Path) -> String {
    let path = path.to_owned();
    let connect = move || {
        let group = rustix::process::Gid::from_raw(SUPPLEMENTARY_GROUP);
        rustix::thread::set_thread_groups(&[group]).unwrap();
        let (uid, gid) = (
            rustix::process::Uid::from_raw(OTHER_USER),
            rustix::process::Gid::from_raw(OTHER_USER),
        );
        rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
        rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
        let mut output = Vec::new();
        let mut stream = UnixStream::connect(path).unwrap();
        let mut byte = [0];
        while stream.read(&mut byte).unwrap_or(0) == 1 && byte[0] != b'\n' {
            output.push(byte[0]);
        }
        String::from_utf8(output).unwrap()
    };
    std::thread::spawn(connect).join().unwrap()
}

/// Like [`greeting_as_other_user`], for a server under `policy` whose socket all users may open.
/// Returns `None` if the process has no permission to change its user.
async fn greeting_under(policy: Policy) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        surroundings::skip("only root can connect as another user");
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let admits_others = |folder: &Path| folder.metadata().unwrap().mode() & 0o001 != 0;
    if !directory.path().ancestors().skip(1).all(admits_others) {
        surroundings::skip("other users have no access to the temporary folder");
        return None;
    }
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
    let output =
        tokio::task::spawn_blocking(move || greeting_as_other_user(&path)).await.unwrap();
    shutdown.request();
    task.await.unwrap().unwrap();
    Some(output)
}

#[tokio::test]
async fn another_user_is_disconnected_without_a_greeting() {
    if let Some(output) = greeting_under(Policy::new()).await {
        assert_eq!(
            output,
            "{\"error\": {\"class\": \"GenericError\", \"desc\": \"The policy of the server does \
             not admit this user\"}}\r"
        );
    }
}

#[tokio::test]
async fn a_supplementary_group_may_be_allowed() {
    let policy = Policy::new().peers(Access::owner_and_root().allow_gid(SUPPLEMENTARY_GROUP));
    if let Some(output) = greeting_under(policy).await {
        assert!(output.starts_with("{\"QMP\": "), "{output}");
    }
}

#[tokio::test]
async fn another_user_may_be_allowed() {
    let policy = Policy::new().peers(Access::owner_and_root().allow_uid(OTHER_USER));
    if let Some(output) = greeting_under(policy).await {
        assert!(output.starts_with("{\"QMP\": "), "{output}");
    }
}

#[tokio::test]
async fn another_group_may_be_allowed() {
    let policy = Policy::new().peers(Access::owner_and_root().allow_gid(OTHER_USER));
    if let Some(output) = greeting_under(policy).await {
        assert!(output.starts_with("{\"QMP\": "), "{output}");
    }
}
