"""The scenarios of graphs.py about objects, character devices, statistics, and the users of nodes.
The steps are those of graph_scenarios.py."""

from graph_scenarios import file, image, named, node

GRAPH = ("x-debug-query-block-graph", {})
STATS = ("query-blockstats", {"query-nodes": True})
CHARDEVS = ("query-chardev", {})


def chardev(name, kind, command="chardev-add", **data):
    return (command, {"id": name, "backend": {"type": kind, "data": named(**data)}})


def unix(path, **options):
    return {"type": "unix", "data": {"path": path} | options}


def inet(port, **options):
    return {"type": "inet", "data": {"host": "127.0.0.1", "port": port} | options}


def write(device, data, **options):
    return ("ringbuf-write", {"device": device, "data": data} | options)


def read(device, size, **options):
    return ("ringbuf-read", {"device": device, "size": size} | options)


def adding(kind, name, **options):
    return ("object-add", {"qom-type": kind, "id": name} | named(**options))


def getting(path, *properties):
    return [("qom-get", {"path": path, "property": name}) for name in properties]


def setting(path, name, *values):
    return [("qom-set", {"path": path, "property": name, "value": value}) for value in values]


def add_node(*arguments, **options):
    return ("blockdev-add", node(*arguments, **options))


def export(name, **options):
    return ("block-export-add", {"type": "nbd", "id": f"e-{name}", "node-name": name} | options)


NBD = ("nbd-server-start", {"addr": unix("$DIR/nbd")})


def requests(name, *commands):
    arguments = " ".join(f"-c '{command}'" for command in commands)
    address = f"'nbd+unix:///{name}?socket=nbd'"
    return ("run", f"qemu-io -f raw {address} {arguments} > log 2>&1; echo $?")


RINGS = [
    chardev("r", "ringbuf", size=16),
    chardev("r", "null"),
    chardev("r2", "ringbuf", size=3),
    chardev("m", "memory"),
    chardev("r3", "ringbuf", size=1),
    read("r", 0), read("r", -1), read("r", 10),
    write("r", "0123456789abcdefXYZ"), read("r", 4), read("r", 100, format="base64"),
    write("r", "AAH/", format="base64"), read("r", 4),
    write("r", "gIGC", format="base64"), read("r", 4),
    write("r", "AAH", format="base64"), write("r", "!!!", format="base64"),
    write("r", "!!!", format="x"), write("r", "", format="base64"), read("r", 4),
    write("r", "a\u00e9\0b"), read("r", 2), read("r", 9),
    write("r3", "hey"), read("r3", 10),
    write("none", "a"), read("none", 1), chardev("n", "null"), write("n", "a"), read("n", 0),
    CHARDEVS,
]

FILES = [
    ("run", "mkfifo pipe duplex.in duplex.out"),
    chardev("f", "file", out="$DIR/f.out"),
    chardev("append", "file", out="$DIR/f.out", append=True),
    chardev("both", "file", **{"out": "$DIR/f.out", "in": "$DIR/raw"}),
    chardev("none", "file", out="$DIR/none/f"),
    chardev("none", "file", **{"out": "$DIR/f.out", "in": "$DIR/none"}),
    chardev("none", "file", out="$DIR"),
    chardev("none", "file"),
    chardev("p", "pipe", device="$DIR/pipe"),
    chardev("duplex", "pipe", device="$DIR/duplex"),
    chardev("none", "pipe", device="$DIR/none"),
    chardev("log", "null", logfile="$DIR/log", logappend=True),
    chardev("none", "null", logfile="$DIR/none/log"),
    ("run", "ls f.out log"),
    CHARDEVS,
    ("qom-list", {"path": "/chardevs"}),
]

SOCKETS = [
    chardev("s", "socket", addr=unix("$DIR/s"), wait=False),
    chardev("abstract", "socket", addr=unix("$DIR/s", abstract=True), wait=False),
    chardev("loose", "socket", addr=unix("$DIR/s", abstract=True, tight=False), wait=False),
    CHARDEVS,
    *getting("/chardevs/s", "type", "connected", "addr"), *getting("abstract", "addr"),
    *setting("/chardevs/s", "connected", True),
    chardev("client", "socket", addr=unix("$DIR/s"), server=False),
    *getting("client", "type", "addr"),
    chardev("none", "socket", addr=unix("$DIR/none/s"), wait=False),
    chardev("none", "socket", addr=unix("$DIR/none"), server=False),
    chardev("none", "socket", addr=unix("x" * 120), wait=False),
    chardev("none", "socket", addr=unix("$DIR/none"), server=False, wait=True),
    chardev("none", "socket", addr=unix("$DIR/s3"), tls_authz="y"),
    chardev("none", "socket", addr={"type": "fd", "data": {"str": "99"}}),
    chardev("none", "socket", addr=inet("1"), server=False),
    chardev("none", "socket", addr=inet("x"), server=False),
    chardev("none", "socket", addr=unix("$DIR/s3"), reconnect=1),
    chardev("none", "socket", addr=unix("$DIR/s3"), reconnect=1, reconnect_ms=1, server=False),
    ("chardev-remove", {"id": "client"}),
    ("chardev-remove", {"id": "s"}),
    ("run", "ls -d s"),
    ("qom-list", {"path": "/chardevs"}),
]

CHANGES = [
    ("chardev-remove", {"id": "none"}),
    ("chardev-send-break", {"id": "none"}),
    chardev("none", "null", "chardev-change"),
    chardev("a", "null"),
    chardev("", "null"),
    chardev("x y", "null"),
    ("chardev-send-break", {"id": "a"}),
    chardev("a", "ringbuf", "chardev-change", size=4),
    chardev("x y", "file", "chardev-change", out="$DIR/none/f"),
    chardev("x y", "null", "chardev-change"),
    CHARDEVS,
    *[chardev("k", kind) for kind in
      ["msmouse", "wctablet", "braille", "testdev", "vc", "qemu-vdagent", "console", "none"]],
    *[chardev("k", kind) for kind in ["spicevmc", "spiceport", "dbus"]],
    ("chardev-add", {"id": "k", "backend": {"type": "null"}}),
    ("chardev-add", {"id": "k", "backend": {"data": {}}}),
    ("chardev-add", {"id": "k", "backend": "null"}),
    ("chardev-remove", {"id": "a"}),
    ("chardev-remove", {"id": ""}),
    CHARDEVS,
]

LOOPS = [
    adding("iothread", "io"), adding("iothread", "io"), adding("iothread", "1io"),
    adding("iothread", "all", poll_max_ns=5, poll_grow=1, poll_shrink=2, aio_max_batch=3,
           thread_pool_min=1, thread_pool_max=4),
    *[adding("iothread", "no", **{name: -1}) for name in
      ["poll_max_ns", "poll_grow", "poll_shrink", "aio_max_batch", "thread_pool_min",
       "thread_pool_max"]],
    adding("iothread", "no", thread_pool_min=5, thread_pool_max=4),
    adding("iothread", "no", thread_pool_max=0),
    adding("iothread", "no", thread_pool_max=1 << 40),
    adding("iothread", "no", thread_pool_min=100),
    *[step for path in ["io", "all"] for step in getting(
        path, "type", "thread-pool-min", "aio-max-batch", "thread-pool-max", "poll-max-ns",
        "poll-grow", "poll-shrink")],
    *setting("io", "poll-max-ns", 77, -77, "x", None, 1.5),
    *setting("io", "thread-pool-min", 99, 65), *setting("io", "thread-pool-max", 0),
    *getting("io", "poll-max-ns", "none", ""), *setting("io", "type", "x"),
    *setting("io", "none", 1),
    ("qom-list", {"path": "io"}),
    ("object-del", {"id": "io"}), ("object-del", {"id": "io"}),
]

SECRETS = [
    adding("secret", "s", data="hello"), adding("secret", "b", data="aGVsbG8=", format="base64"),
    adding("secret", "no"), adding("secret", "no", data="!", format="base64"),
    adding("secret", "no", file="$DIR/none"), adding("secret", "no", file="$DIR"),
    adding("secret", "no", file="$DIR/raw", data="x"), adding("secret", "f", file="$DIR/odd"),
    adding("secret", "iv", data="x", iv="AAAA"), adding("secret", "empty", data=""),
    adding("secret", "no", data="x", loaded=True),
    *[step for path in ["s", "b"] for step in getting(
        path, "type", "iv", "keyid", "format", "file", "data")],
    *setting("s", "data", "new", 5), *getting("s", "data"),
    *setting("s", "format", "base64", "none"), *setting("s", "file", "/x"),
    *getting("s", "file", "format"),
    adding("authz-simple", "me", identity="me"), adding("authz-list", "list"),
    adding("authz-list", "rules", policy="allow",
           rules=[{"match": "a", "policy": "deny"},
                  {"match": "b*", "policy": "allow", "format": "glob"}]),
    *getting("me", "type", "identity"), *getting("list", "type", "policy", "rules"),
    *getting("rules", "policy", "rules"),
    *setting("me", "identity", "you", 5), *getting("me", "identity"),
    *setting("list", "policy", "allow", "none"), *setting("list", "rules", [], 5),
    ("qom-list", {"path": "/objects"}),
]

PATHS = [
    adding("iothread", "io"), chardev("c", "null"), chardev("io", "null"),
    *[("qom-list", {"path": path}) for path in [
        "", "/", "//", "/objects", "/objects/", "objects//", "/chardevs/c", "c", "chardevs/c",
        "io", "objects/io", "/objects/none", "none", "type", "/type", "/backend", "/objects/io/x",
        "/machine", "x/c"]],
    *getting("/", "type", "objects", "none"), *getting("/objects", "io", "none", "type"),
    *getting("", "type"), *getting("io", "type"), *getting("none", "type"),
    *setting("/objects", "io", "x"), *setting("/", "type", "x"), *setting("c", "type", "x"),
    *setting("none", "type", "x"),
    *[("qom-list-properties", {"typename": name}) for name in [
        "none", "object", "container", "interface", "user-creatable", "authz", "authz-list",
        "authz-simple", "iothread", "event-loop-base", "secret", "secret_common", "tls-creds",
        "tls-creds-x509", "chardev", "chardev-null", "chardev-socket"]],
    *[("qom-list-types", {"implements": name, "abstract": abstract}) for abstract in [True, False]
      for name in ["none", "container", "secret"]],
]

USERS = [
    NBD, add_node("raw", "r", file=file("raw")),
    add_node("qcow2", "t", file=file("top"), discard="unmap"), add_node("null-co", "n", size=65536),
    GRAPH, export("r"), export("t", writable=True), export("n"), GRAPH,
    ("block-export-del", {"id": "e-r"}), GRAPH,
    add_node("qcow2", "target", file=file("target")),
    ("x-blockdev-set-iothread", named(node_name="t", iothread=None)),
    ("x-blockdev-set-iothread", named(node_name="t", iothread=None, force=True)),
    ("x-blockdev-set-iothread", named(node_name="none", iothread=None)),
    ("x-blockdev-set-iothread", named(node_name="target", iothread=5)),
    ("x-blockdev-set-iothread", named(node_name="n", iothread="none", force=True)),
    GRAPH,
]

MERGING = [
    image("base"), image("mid", "base"), image("top", "mid"), GRAPH,
    ("block-commit", named(job_id="j", device="top")), ("wait", ["j", "ready"]),
    ("job-complete", {"id": "j"}), ("wait", ["j"]), GRAPH,
]

CHILDREN = [
    add_node("raw", "r", file=file("raw")), add_node("qcow2", "t", file=file("top")),
    add_node("null-co", "n"), add_node("blkdebug", "d", image=file("raw2")),
    *[("x-blockdev-change", arguments) for arguments in [
        {"parent": "none"}, {"parent": "t"}, {"parent": "t", "child": "x"},
        {"parent": "t", "node": "r"}, {"parent": "t", "node": "none"},
        {"parent": "t", "child": "backing"}, {"parent": "t", "child": "file"},
        {"parent": "t", "child": "backing", "node": "r"}, {"parent": "n", "child": "x"},
        {"parent": "r", "child": "file"}, {"parent": "n", "node": "n"},
        {"parent": "d", "child": "image"}, {"parent": "d", "child": "file"},
        {"parent": "none", "child": "a", "node": "b"}]],
]

COUNTERS = [
    ("query-blockstats", {}), ("query-blockstats", {"query-nodes": False}),
    NBD, add_node("raw", "r", file=file("raw", discard="unmap"), discard="unmap"),
    add_node("qcow2", "alone", file=file("alone")), add_node("null-co", "n", size=65536), STATS,
    export("r", writable=True), export("alone", writable=True), export("n", writable=True),
    requests("r", "read 0 64k"), STATS,
    requests("r", "write 0 1M", "discard 0 64k", "write 3M 4k", "flush"), STATS,
    requests("r", "write -z 3M 8k", "write -zu 3M 64k", "read 3M 64k"), STATS,
    requests("alone", "write 128k 64k", "flush"), requests("n", "write 0 64k"), STATS,
]

SCENARIOS = {
    "ring-buffers": RINGS,
    "files": FILES,
    "sockets": SOCKETS,
    "changes": CHANGES,
    "iothreads": LOOPS,
    "secrets": SECRETS,
    "paths": PATHS,
    "users": USERS,
    "merging": MERGING,
    "children": CHILDREN,
    "counters": COUNTERS,
}
