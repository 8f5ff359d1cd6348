//! The output of `--help`, `--version` and `--list-commands`.

use qapi_core::{Definition, Registry, ServerVersion};

/// The output of `--help`.
pub const HELP: &str = "\
Usage: storage-daemon [options]
Serves disk images, and runs jobs on them, for clients that speak QMP.
Without options it shows what it can do, on images of its own.

  -h, --help             show this help
  -V, --version          show the version
      --list-commands    show the commands that clients may execute

  --blockdev [driver=]DRIVER[,node-name=NAME][,read-only=on|off]
             [,cache.direct=on|off][,cache.no-flush=on|off],...
                         open a block node; DRIVER is file, raw, qcow2, null-co or
                         blkdebug, and further parameters are those of blockdev-add.
                         Takes JSON as well.
  --chardev socket,id=ID,path=PATH[,abstract=on],server=on[,wait=on|off]
  --chardev socket,id=ID,[host=HOST,]port=PORT[,to=PORT][,ipv4=on|off][,ipv6=on|off],
            server=on[,wait=on|off]
  --chardev socket,id=ID,fd=NUMBER,server=on[,wait=on|off]
                         listen on a unix socket, on TCP (which has no authentication; on
                         127.0.0.1 without a host), or on a socket of the parent's; with
                         wait=on, which is the default, wait for a client before going on
  --chardev socket,id=ID,...[,reconnect-ms=TIME]
                         without server=on, connect to one that listens; with
                         reconnect-ms, again whenever the connection is lost
  --chardev stdio,id=ID  use standard input and output
  --monitor [chardev=]ID[,mode=control][,pretty=on|off]
                         serve QMP to the clients of a character device
  --object [qom-type=]tls-creds-x509,id=ID,dir=FOLDER,endpoint=server[,verify-peer=on|off]
           [,sanity-check=on|off]
  --object [qom-type=]authz-simple,id=ID,identity=NAME
  --object [qom-type=]authz-list,id=ID[,policy=deny|allow][,rules.0.match=TEXT,
           rules.0.policy=deny|allow[,rules.0.format=exact|glob],...]
                         add TLS credentials, or an authorization of certificates by the
                         names of their subjects
  --nbd-server addr.type=unix,addr.path=PATH[,max-connections=N]
  --nbd-server addr.type=inet,addr.host=HOST,addr.port=PORT[,max-connections=N]
               [,tls-creds=ID[,tls-authz=ID]]
                         start the NBD server, which has no authentication without TLS
  --export [type=]nbd,id=ID,node-name=NAME[,name=EXPORT][,writable=on|off]
           [,description=TEXT][,allocation-depth=on|off]
                         serve a block node to the clients of the NBD server
  --client-memory SIZE   limit the memory for the messages of all clients together; 256M is the
                         default. The clients that use most are disconnected first.
  --image-references all|files|none
                         what images may name as backing files and data files: anything, files
                         by their paths, or nothing; all is the default. Nodes have an option
                         image-references too, which can only be stricter.
  --landlock [path=]PATH[,read-only=on|off]
                         confine the daemon to PATH and all below it, for all files that it
                         opens, creates or removes; may be repeated. The paths of sockets and of
                         the PID file must be within. An error if the kernel has no Landlock.
  --metrics [HOST:]PORT  serve metrics for Prometheus over HTTP, without authentication; the
                         host is 127.0.0.1 by default
  --journal PATH         write how each job ended to a file, which survives a restart and a crash;
                         clients read it by __org.qapi-rs_query-job-history. A damaged file is
                         moved aside.
  --log FILTER           which lines the log has: LEVEL or TARGET=LEVEL, separated by commas;
                         LEVEL is off, error, warn, info, debug or trace; warn is the default
  --log-file PATH        append the log to a file; standard error is the default
  --audit                log a line for each command: its client, its outcome and its time
  --log-traffic          log all messages in both directions, without secrets
  --log-calls            name the command and the session in the lines that a command causes
  --log-except PATTERN   leave out commands and events from --audit and --log-traffic, as in
                         'query-*'; may be repeated
  --slow-calls TIME      warn about commands that delay all clients for longer, in milliseconds
  --documentation        serve the documentation of commands, events and types, by the command
                         __org.qapi-rs_query-documentation
  --daemonize            go to the background once everything is ready
  --pidfile PATH         write the number of the process to a file, once everything is ready

Options are carried out in the order in which they are given.
";

/// The output of `--version`.
pub fn version_text(version: &ServerVersion) -> String {
    let ServerVersion { major, minor, micro, package, .. } = version;
    let name = package.replacen(' ', " version ", 1);
    format!("{name} (speaks QMP as QEMU {major}.{minor}.{micro} does)\n")
}

/// The output of `--list-commands`: a line for each command, with the release that introduced it,
/// the package and the source line that define it, and the first line of its documentation.
pub fn list_commands(registry: &Registry) -> String {
    let rows: Vec<[String; 5]> = registry.commands().map(|(command, _)| row(command)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0)
    };
    let [name, since, package, source] = [width(0), width(1), width(2), width(3)];
    let line = |[a, b, c, d, doc]: &[String; 5]| {
        format!("{a:name$}  {b:since$}  {c:package$}  {d:source$}  {doc}\n")
    };
    rows.iter().map(line).collect()
}

fn row(command: &Definition) -> [String; 5] {
    let first_line = command.doc.lines().next().unwrap_or_default();
    [
        command.name.to_owned(),
        command.since.unwrap_or("-").to_owned(),
        command.source.package.to_owned(),
        format!("{}:{}", command.source.file, command.source.line),
        first_line.to_owned(),
    ]
}
