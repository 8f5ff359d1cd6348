"""The scenarios of graphs.py. Each scenario is a list of steps. A step is one of:

- a QMP command and its arguments;
- `wait`, with a job and the statuses to wait for, or until the job does not exist;
- `run`, with a shell command to run in the folder of the images.
"""

from images import create, io

QUERY = ("query-named-block-nodes", {})
FLAT = ("query-named-block-nodes", {"flat": True})


def make_images(folder):
    """Creates the chain base, mid, mid2, top; single images; raw files; and unusual images."""

    def qcow2(name, size="4M", backing=None, options="cluster_size=65536", form="qcow2", **more):
        create(name, size, options=options, backing=backing, backing_format=form, cwd=folder,
               **more)

    below = None
    for number, name in enumerate(["base", "mid", "mid2", "top"]):
        qcow2(name, backing=below)
        io(name, "qcow2", [f"write -P {number + 1} {number}M 1M"], cwd=folder)
        below = name
    qcow2("wide", "8M", "base")
    for name in ["alone", "target"]:
        qcow2(name)
    for name in ["raw", "raw2"]:
        create(name, "4M", "raw", cwd=folder)
    qcow2("on-raw", backing="raw", form="raw")
    qcow2("old", options="compat=0.10")
    qcow2("fine", options="cluster_size=4096,lazy_refcounts=on,refcount_bits=1")
    qcow2("short", "1M")
    qcow2("on-short", backing="short")
    described = '{"driver": "qcow2", "file": {"driver": "file", "filename": "base"}}'
    flat = '{"file.driver": "file", "file.filename": "base"}'
    for name, description in [("described", described), ("flat", flat)]:
        qcow2(name, backing=f"json:{description}", options=None, open_backing=False)
    with open(f"{folder}/odd", "wb") as odd:
        odd.write(b"x" * 1000)


def named(**options):
    """Arguments with `-` in place of `_` in their names."""
    return {name.replace("_", "-"): value for name, value in options.items()}


def node(driver, name=None, **options):
    options = {"driver": driver, **named(**options)}
    return options | {"node-name": name} if name else options


def file(name, **options):
    return node("file", filename=f"$DIR/{name}", **options)


def faulty(name, **options):
    """A file below a blkdebug node."""
    return node("blkdebug", image=file(name), **options)


def add(driver, name, **options):
    return ("blockdev-add", node(driver, name, **options))


def image(name, backing=None, **options):
    """A node with the name of its image, on a node with the name of the backing file."""
    backing = {"backing": backing} if backing else {}
    return add("qcow2", name, file=file(name), **backing, **options)


def delete(*names):
    return [("blockdev-del", {"node-name": name}) for name in names]


def job(command, *statuses, **arguments):
    """Starts the job j, and waits until it has one of the statuses or does not exist."""
    return [(command, {"job-id": "j", **named(**arguments)}), ("wait", ["j", *statuses])]


def reopen(*nodes):
    return ("blockdev-reopen", {"options": list(nodes)})


def rename(device, image_node, name):
    arguments = {"device": device, "image-node-name": image_node, "backing-file": name}
    return ("change-backing-file", arguments)


CHAIN = [image("base"), image("mid", "base"), image("mid2", "mid"), image("top", "mid2")]
TARGET = image("target")
HEADERS = ("run", "for i in mid mid2 top; do qemu-img info -U $i | grep -i back; done")
CHECKS = ("run", "for i in base mid mid2 top; do qemu-img check -q -U $i; echo $?; done")
COMPLETE = [("job-complete", {"id": "j"}), ("wait", ["j"])]


def attempts():
    """Commands that may fail because nodes are in use. Jobs have the ID k."""
    k = {"job-id": "k"}
    return [
        *delete("top", "mid2", "mid", "base", "target"),
        ("blockdev-mirror", {**k, "device": "top", "target": "target", "sync": "full"}),
        ("wait", ["k", "ready"]),
        ("blockdev-backup", {**k, "device": "base", "target": "target", "sync": "full"}),
        ("wait", ["k"]),
        ("block-commit", {**k, "device": "top"}),
        ("block-stream", {**k, "device": "top"}),
        ("block-stream", {**k, "device": "top", "base-node": "mid2"}),
        ("block-stream", {**k, "device": "top", "bottom": "top"}),
        ("wait", ["k"]),
        ("block-stream", {**k, "device": "mid2"}),
        ("wait", ["k"]),
        ("block-stream", {**k, "device": "base"}),
        ("wait", ["k"]),
        add("raw", "on-base", file="base"),
        add("raw", "on-mid", file="mid"),
        QUERY,
        FLAT,
    ]


def slow(command, **arguments):
    """Starts a slow job, sends commands while it runs, and cancels the job."""
    started = (command, {"job-id": "j", "speed": 1, **named(**arguments)})
    cancelled = [("job-cancel", {"id": "j"}), ("wait", ["j"])]
    return [*CHAIN, TARGET, started, QUERY, *attempts(), *cancelled, QUERY]


SCENARIOS = {
    "a chain that its images name": [image("top"), QUERY, FLAT],
    "a stream of a whole chain that its images name": [
        image("top"), *job("block-stream", device="top"), QUERY, HEADERS, CHECKS,
    ],
    "a commit within a chain that its images name": [
        image("top"), *job("block-commit", device="top", top="$DIR/mid"), QUERY, HEADERS, CHECKS,
    ],
    "a commit by relative filename": [
        image("top"), *job("block-commit", device="top", top="mid2"), QUERY, HEADERS, CHECKS,
    ],
    "a commit of the active layer of a chain that its images name": [
        image("top"), *job("block-commit", "ready", device="top"), QUERY, *COMPLETE, QUERY, CHECKS,
    ],
    "a commit that is cancelled": [
        image("top"), *job("block-commit", "ready", device="top"),
        ("job-cancel", {"id": "j"}), ("wait", ["j"]), QUERY, CHECKS,
    ],
    "a commit below a node that is read-only": [
        image("top", read_only=True), *job("block-commit", device="top", top="$DIR/mid2"),
        QUERY, HEADERS,
    ],
    "a commit of a node that is read-only": [
        image("top", read_only=True), *job("block-commit", "ready", device="top"), QUERY,
        *COMPLETE, QUERY,
    ],
    "a stream into a node that is read-only": [
        image("top", read_only=True), *job("block-stream", device="top"), QUERY, HEADERS,
    ],
    "a stream into a node whose file is read-only": [
        add("file", "f", filename="$DIR/top", read_only=True),
        add("qcow2", "top", file="f", read_only=True), *job("block-stream", device="top"), QUERY,
    ],
    "a commit into a node that is opened as read-only": [
        image("base", read_only=True), image("mid", "base", read_only=True), image("mid2", "mid"),
        *job("block-commit", device="mid2", top_node="mid", base_node="base"), QUERY,
    ],
    "a commit below two overlays": [
        *CHAIN, image("wide", "mid"), *job("block-commit", device="top", top_node="mid"), QUERY,
        *job("block-stream", device="wide"), QUERY,
    ],
    "a mirror of a node that is read-only": [
        image("alone", read_only=True), TARGET,
        *job("blockdev-mirror", "ready", device="alone", target="target", sync="full"), QUERY,
        *COMPLETE, QUERY,
    ],
    "a running stream": slow("block-stream", device="mid2"),
    "a running stream with a named filter": slow(
        "block-stream", device="top", filter_node_name="flt"
    ),
    "a running commit": slow("block-commit", device="top", top_node="mid2", base_node="mid"),
    "a running commit with a named filter": slow(
        "block-commit", device="top", top_node="mid2", filter_node_name="flt"
    ),
    "a running commit of the active layer": slow("block-commit", device="top"),
    "a running backup": slow("blockdev-backup", device="mid", target="target", sync="full"),
    "a running mirror": slow(
        "blockdev-mirror", device="top", target="target", sync="full", filter_node_name="flt"
    ),
    "users with conflicting permissions": [
        add("file", "f", filename="$DIR/target"), add("qcow2", "q", file="f"),
        add("qcow2", "q2", file="f"), add("raw", "r", file="f"), image("alone"),
        *job("blockdev-backup", device="alone", target="f", sync="full"),
        *job("blockdev-mirror", device="alone", target="f", sync="full"),
        *job("blockdev-create", "concluded", options=node("qcow2", file="f", size=1 << 20)),
        QUERY,
    ],
    "locks": [
        image("top"), add("qcow2", "again", file=file("top")),
        add("qcow2", "again", file=file("top"), read_only=True),
        add("qcow2", "shared", file=file("top"), read_only=True, force_share=True),
        image("base"), add("raw", "r", file=file("mid")), QUERY,
    ],
    "a node reopened with other options": [
        *CHAIN,
        *[
            step
            for options in [
                {"read_only": True}, {"read_only": False}, {"cache": {"no-flush": True}},
                {"cache": {"direct": True}}, {"detect_zeroes": "on"}, {"detect_zeroes": "unmap"},
                {"detect_zeroes": "unmap", "discard": "unmap"}, {"force_share": True}, {},
            ]
            for step in [
                reopen(node("qcow2", "top", file=file("top"), backing="mid2", **options)), QUERY,
            ]
        ],
        reopen(node("qcow2", "top", file=file("top", read_only=True), backing="mid2")), QUERY,
        reopen(node("qcow2", "top", file=file("mid"), backing="mid2")),
        reopen(node("raw", "top", file=file("top"))),
        reopen(node("raw", "base", file=file("base"))), QUERY,
    ],
    "a file node reopened with other options": [
        add("file", "f", filename="$DIR/raw"),
        *[
            reopen(node("file", "f", **{"filename": "$DIR/raw", **options}))
            for options in [
                {}, {"filename": "$DIR/raw2"}, {"locking": "off"}, {"aio": "native"},
                {"read_only": True}, {"discard": "unmap"},
            ]
        ],
        QUERY,
    ],
    "a node reopened with another backing node": [
        *CHAIN, reopen(node("qcow2", file=file("top"))), reopen(node("qcow2", "no", file="x")),
        *[
            step
            for backing in ["mid2", None, "base", "top", "no", "mid2"]
            for step in [
                reopen(node("qcow2", "top", file=file("top"), backing=backing)), QUERY,
            ]
        ],
        reopen(node("qcow2", "top", file=file("top"))),
        reopen(node("qcow2", "base", file=file("base"), backing="top")),
        reopen(node("qcow2", "base", file=file("base"))), QUERY,
    ],
    "a backing node that the image does not name": [
        image("mid"), reopen(node("qcow2", "mid", file=file("mid"))),
        reopen(node("qcow2", "mid", file=file("mid"), backing=node("qcow2", file=file("base")))),
        QUERY, reopen(node("qcow2", "mid", file=file("mid"), backing=None)), QUERY,
        image("base"), reopen(node("qcow2", "mid", file=file("mid"), backing="base")), QUERY,
    ],
    "nodes reopened while jobs run": [
        *CHAIN, ("block-stream", named(job_id="j", device="top", speed=1)),
        reopen(node("qcow2", "top", file=file("top"), backing=None)),
        reopen(node("qcow2", "mid", file=file("mid"), backing=None)),
        reopen(node("qcow2", "top", file=file("top"), backing="mid2", read_only=True)),
        ("job-cancel", {"id": "j"}), ("wait", ["j"]),
        ("block-commit", named(job_id="j", device="top", top_node="mid2", speed=1)),
        reopen(node("qcow2", "top", file=file("top"), backing=None)),
        reopen(node("qcow2", "top", file=file("top"), backing="mid2")),
        reopen(node("qcow2", "mid", file=file("mid"), backing=None)),
        reopen(node("qcow2", "base", file=file("base"), read_only=True)), QUERY,
        ("job-cancel", {"id": "j"}), ("wait", ["j"]), QUERY,
    ],
    "a node and its parent, reopened in both orders": [
        add("qcow2", "p", file=file("top", node_name="c"), backing=None),
        *[
            step
            for options in [{"cache": {"no-flush": True}}, {"read_only": True}, {}]
            for below in [{}, {"cache": {"no-flush": True}}, {"detect_zeroes": "on"}]
            for nodes in [
                [
                    node("qcow2", "p", file="c", backing=None, **options),
                    file("top", node_name="c", **below),
                ]
            ]
            for order in [[*nodes], nodes[::-1], nodes[1:], nodes[:1]]
            for step in [reopen(*order), QUERY]
        ],
    ],
    "a node with a new parent, which has the name of the removed parent": [
        add("raw", "p", file=file("raw", node_name="c"), read_only=True),
        add("raw", "q", file="c", read_only=True), *delete("p"),
        add("raw", "p", file="c", read_only=True),
        reopen(node("raw", "p", file="c", read_only=True, cache={"no-flush": True})), QUERY,
        reopen(node("raw", "p", file=file("raw"), read_only=True)), QUERY,
    ],
    "a changed name of the backing file": [
        image("top"), rename("top", "top", "$DIR/mid2"), QUERY, rename("top", "no", "x"),
        rename("no", "top", "x"), add("raw", "r", file=file("raw")), rename("r", "r", "x"),
        rename("r", "top", "x"), rename("top", "top", ""), QUERY,
        rename("top", "top", "x" * 1024), rename("top", "top", "elsewhere"), QUERY, HEADERS,
    ],
    "a changed name of the backing file, lower in the chain and read-only": [
        image("base"), image("mid", "base", read_only=True),
        image("mid2", "mid", read_only=True), rename("mid2", "mid", "$DIR/base"),
        rename("mid", "mid", "x"), rename("mid2", "base", "x"), rename("mid2", "mid2", "y"),
        QUERY, HEADERS,
        ("block-stream", named(job_id="j", device="mid2", speed=1)), rename("mid2", "mid", "z"),
    ],
    "blkdebug nodes and the users of their images": [
        add("file", "f", filename="$DIR/raw"),
        add("blkdebug", "unshares", image="f", unshare_child_perms=["write"]),
        add("blkdebug", "takes", image="f", take_child_perms=["write"]),
        add("raw", "r", file="unshares"), *delete("f", "unshares"), QUERY, FLAT,
        add("qcow2", "q", file="f"), *delete("r", "unshares"),
        add("blkdebug", "takes", image="f", take_child_perms=["write", "resize"]), QUERY,
        add("blkdebug", "other", image="takes", unshare_child_perms=["resize"]), *delete("takes"),
    ],
    "a reopened blkdebug node": [
        add("blkdebug", "d", image=file("raw", node_name="f"), align=512),
        *[
            step
            for options in [{}, {"read_only": True}, {"cache": {"no-flush": True}}]
            for described in [
                node("blkdebug", "d", image=file("raw"), align=512, **options),
                node("blkdebug", "d", image="f", align=512, **options),
                node("blkdebug", "d", image=file("raw"), align=1024, **options),
                node("blkdebug", "d", image=file("raw"), **options),
                node("blkdebug", "d", image=file("raw2"), align=512, **options),
            ]
            for step in [reopen(described), QUERY]
        ],
    ],
    **{
        f"jobs on images in blkdebug nodes: {command} {arguments}": [
            add("qcow2", "base", file=faulty("base")),
            add("qcow2", "mid", file=faulty("mid", align=512), backing="base"),
            image("mid2", "mid"),
            add("qcow2", "top", file=faulty("top"), backing="mid2"), QUERY,
            *job(command, "ready", **arguments), QUERY, HEADERS, *delete("top", "mid", "base"),
            ("job-complete", {"id": "j"}), ("wait", ["j"]), QUERY, FLAT, HEADERS, CHECKS,
        ]
        for command, arguments in [
            ("block-stream", {"device": "top", "base_node": "base"}),
            ("block-stream", {"device": "top"}),
            ("block-commit", {"device": "top", "top_node": "mid2", "base_node": "mid"}),
            ("block-commit", {"device": "top", "top_node": "mid2"}),
            ("block-commit", {"device": "top"}),
        ]
    },
    **{
        f"an image: {name}": [image(name), QUERY, FLAT]
        for name in ["old", "fine", "on-short", "on-raw", "wide", "described", "flat"]
    },
    **{
        f"options: {options}": [("blockdev-add", {"node-name": "n", **options}), QUERY, FLAT]
        for options in [
            node("raw", file=file("raw"), offset=65536, size=65536),
            node("raw", file=file("raw"), offset=1 << 30),
            node("raw", file=file("raw"), size=100),
            node("raw", file=file("odd")),
            node("file", filename="$DIR/odd"),
            node("file", filename="$DIR/raw", cache={"direct": True}),
            node("qcow2", file=file("top"), cache={"direct": True, "no-flush": True}),
            node("qcow2", file=file("top", cache={"no-flush": True}), auto_read_only=True),
            node("qcow2", file=file("top", read_only=True)),
            node("qcow2", file=file("top", read_only=True), auto_read_only=True),
            node("qcow2", file=file("top"), detect_zeroes="unmap", discard="unmap"),
            node("qcow2", file=file("top"), detect_zeroes="unmap"),
            node("qcow2", file=file("top"), force_share=True),
            node("qcow2", file=file("top"), backing=None),
            node("qcow2", file=file("top"), backing=node("raw", "b", file=file("raw"))),
            node("raw", file=node("qcow2", "inner", file=file("top"))),
            node("raw", offset=512, file=node("raw", "inner", file=file("raw"), offset=512)),
            node("null-co", size=1024, read_zeroes=True),
            node("raw", file=file("raw", aio="native")),
            node("blkdebug", image=file("raw")),
            node("blkdebug", image=file("raw"), read_only=True, cache={"no-flush": True}),
            node("blkdebug", image=file("raw"), align=4096, max_transfer=65536),
            node("blkdebug", image=file("raw"), align=4096, max_transfer=1000),
            node("blkdebug", image=faulty("raw")),
            node("blkdebug", image=node("qcow2", "inner", file=file("top"))),
            node("blkdebug", image=file("no")),
            node("raw", file=faulty("raw", align=512), offset=512),
            node("qcow2", file=faulty("top")),
            node("qcow2", file=faulty("top", align=512), backing=None),
        ]
    },
}
