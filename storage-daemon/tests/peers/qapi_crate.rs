//! The crate `qapi`. It decodes every reply and event into its own types, and fails on unknown
//! members and events.

use std::io::BufReader;
use std::os::unix::net::UnixStream;

use qapi::qmp::JobStatus::{concluded, created, null, paused, pending, running, waiting};
use qapi::qmp::{self, Event, JobStatus};
use qapi::{ExecuteError, Qmp, Stream};

use crate::disks::{self, DISK_SIZE};
use crate::support::daemon::{Daemon, connect as connect_to};

type Client = Qmp<Stream<BufReader<UnixStream>, UnixStream>>;

fn connect(daemon: &Daemon) -> Client {
    let stream = connect_to(&daemon.socket());
    let reader = BufReader::new(stream.try_clone().unwrap());
    let mut client = Qmp::new(Stream::new(reader, stream));
    let greeting = client.handshake().unwrap();
    assert!(greeting.version.qemu.major >= 5, "Kata Containers refuses earlier versions");
    client
}

fn backup(speed: Option<i64>) -> qmp::blockdev_backup {
    qmp::blockdev_backup(qmp::BlockdevBackup {
        base: qmp::BackupCommon {
            auto_dismiss: Some(false),
            auto_finalize: None,
            bitmap: None,
            bitmap_mode: None,
            compress: None,
            discard_source: None,
            filter_node_name: None,
            job_id: Some("j0".into()),
            on_source_error: None,
            on_target_error: None,
            speed,
            x_perf: None,
            device: "src".into(),
            sync: qmp::MirrorSyncMode::full,
        },
        target: "dst".into(),
    })
}

/// Queries the job until it has a status. The client queues the events meanwhile.
fn wait_for(client: &mut Client, wanted: JobStatus) -> qmp::JobInfo {
    for _ in 0..100_000 {
        let mut jobs = client.execute(&qmp::query_jobs {}).unwrap();
        if let Some(job) = jobs.pop().filter(|job| job.status == wanted) {
            return job;
        }
        std::thread::yield_now();
    }
    panic!("the job did not become {wanted:?}");
}

#[test]
fn a_backup_is_paused_resumed_sped_up_and_completed() {
    let daemon = disks::start();
    let mut client = connect(&daemon);
    client.execute(&backup(Some(64 << 10))).unwrap();
    client.execute(&qmp::job_pause { id: "j0".into() }).unwrap();
    wait_for(&mut client, paused);
    client.execute(&qmp::job_resume { id: "j0".into() }).unwrap();
    client.execute(&qmp::block_job_set_speed { device: "j0".into(), speed: 0 }).unwrap();
    let job = wait_for(&mut client, concluded);
    assert_eq!((job.current_progress, job.error), (DISK_SIZE as i64, None));
    client.execute(&qmp::job_dismiss { id: "j0".into() }).unwrap();

    let mut completed = 0;
    let statuses: Vec<JobStatus> = client
        .events()
        .filter_map(|event| match event {
            Event::JOB_STATUS_CHANGE { data, .. } => Some(data.status),
            Event::BLOCK_JOB_COMPLETED { data, .. } => {
                assert_eq!((data.len, data.offset, data.error), (4 << 20, 4 << 20, None));
                completed += 1;
                None
            }
            other => panic!("unexpected: {other:?}"),
        })
        .collect();
    assert_eq!(completed, 1);
    assert_eq!(statuses, [created, running, paused, running, waiting, pending, concluded, null]);
    assert!(disks::are_equal(&daemon));
}

#[test]
fn errors_arrive_as_errors() {
    let daemon = disks::start();
    let mut client = connect(&daemon);
    let error = client.execute(&qmp::job_cancel { id: "no".into() }).unwrap_err();
    let ExecuteError::Qapi(error) = error else { panic!("{error}") };
    assert_eq!(error.desc, "Job not found");
    let error = client.execute(&qmp::block_job_pause { device: "no".into() }).unwrap_err();
    let ExecuteError::Qapi(error) = error else { panic!("{error}") };
    assert!(matches!(error.class, qapi::ErrorClass::DeviceNotActive), "{error:?}");
}

#[test]
fn nodes_and_commands_are_listed() {
    let daemon = disks::start();
    let mut client = connect(&daemon);
    let nodes = client.execute(&qmp::query_named_block_nodes { flat: None }).unwrap();
    let mut names: Vec<_> = nodes.into_iter().filter_map(|node| node.node_name).collect();
    names.retain(|name| !name.starts_with('#'));
    names.sort();
    assert_eq!(names, ["dst", "src"]);
    let commands = client.execute(&qmp::query_commands {}).unwrap();
    assert!(commands.iter().any(|command| command.name == "blockdev-backup"));
    assert!(!client.execute(&qmp::query_qmp_schema {}).unwrap().is_empty());
}

#[test]
fn quit_ends_the_daemon() {
    let mut daemon = disks::start();
    let mut client = connect(&daemon);
    client.execute(&backup(Some(64 << 10))).unwrap();
    client.execute(&qmp::quit {}).unwrap();
    assert!(daemon.ended().success());
    assert!(!daemon.socket().exists(), "the socket is left behind");
}
