//! Compares the commands and the introspection with those of `qemu-storage-daemon`. The file
//! `introspection.txt` lists all differences, each with a reason.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use surroundings::recorded_peer;

use crate::support::daemon::{Client, Daemon, socket_arguments};

/// QEMU's daemon. Killed when dropped.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `query-qmp-schema` returns, by name.
struct Schema(BTreeMap<String, Value>);

impl Schema {
    fn of(client: &mut Client) -> Self {
        let infos = client.execute("query-qmp-schema", json!({}));
        let named = |info: &Value| (info["name"].as_str().unwrap().to_owned(), info.clone());
        Schema(infos.as_array().unwrap().iter().map(named).collect())
    }

    /// The names of the commands or events.
    fn names(&self, meta: &str) -> BTreeSet<String> {
        let named = self.0.iter().filter(|(_, info)| info["meta-type"] == meta);
        named.map(|(name, _)| name.clone()).collect()
    }
}

/// The differences: by the place, the names that only QEMU has and those that only we have.
type Differences = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;

struct Comparison<'a> {
    qemu: &'a Schema,
    ours: &'a Schema,
    /// The pairs of types that were compared.
    seen: HashSet<(String, String)>,
    differences: Differences,
}

/// The items of a list, by the value of `key`.
fn by<'v>(list: &'v Value, key: &str) -> BTreeMap<String, &'v Value> {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| (item[key].as_str().unwrap().to_owned(), item)).collect()
}

/// The marks of a command, a member or a value: features, and whether it may be absent.
fn marks(info: &Value) -> BTreeSet<String> {
    let features = info["features"].as_array().into_iter().flatten();
    let features = features.map(|feature| format!("feature:{}", feature.as_str().unwrap()));
    let optional = info.get("default").map(|_| "optional".to_owned());
    let oob = (info["allow-oob"] == true).then(|| "allow-oob".to_owned());
    features.chain(optional).chain(oob).collect()
}

impl Comparison<'_> {
    /// Compares two sets of names. Returns those that are in both.
    fn sets(
        &mut self,
        place: &str,
        qemu: &BTreeSet<String>,
        ours: &BTreeSet<String>,
    ) -> Vec<String> {
        if qemu != ours {
            let (left, right) = self.differences.entry(place.to_owned()).or_default();
            left.extend(qemu.difference(ours).cloned());
            right.extend(ours.difference(qemu).cloned());
        }
        qemu.intersection(ours).cloned().collect()
    }

    fn types(&mut self, place: &str, qemu: &str, ours: &str) {
        if !self.seen.insert((qemu.to_owned(), ours.to_owned())) {
            return;
        }
        let (one, other) = (self.qemu.0[qemu].clone(), self.ours.0[ours].clone());
        let kind = |info: &Value, name: &str| match info["meta-type"].as_str().unwrap() {
            "builtin" => BTreeSet::from([name.to_owned()]),
            meta => BTreeSet::from([meta.to_owned()]),
        };
        if self.sets(place, &kind(&one, qemu), &kind(&other, ours)).is_empty() {
            return;
        }
        let name = |info: &Value, key: &str| info[key].as_str().unwrap().to_owned();
        match one["meta-type"].as_str().unwrap() {
            "array" => {
                let (one, other) = (name(&one, "element-type"), name(&other, "element-type"));
                self.types(&format!("{place}[]"), &one, &other);
            }
            "enum" => self.members(place, &one, &other, false),
            "alternate" => self.alternatives(place, &one, &other),
            "object" => {
                self.members(place, &one, &other, true);
                let (one, other) = (by(&one["variants"], "case"), by(&other["variants"], "case"));
                for (case, branch) in &one {
                    if let Some(own) = other.get(case) {
                        self.types(
                            &format!("{place}({case})"),
                            &name(branch, "type"),
                            &name(own, "type"),
                        );
                    }
                }
            }
            _builtin => {}
        }
    }

    fn members(&mut self, place: &str, qemu: &Value, ours: &Value, have_types: bool) {
        let (one, other) = (by(&qemu["members"], "name"), by(&ours["members"], "name"));
        let names = |members: &BTreeMap<String, &Value>| members.keys().cloned().collect();
        for name in self.sets(place, &names(&one), &names(&other)) {
            let place = format!("{place}.{name}");
            self.sets(&place, &marks(one[&name]), &marks(other[&name]));
            if have_types {
                let type_of = |member: &Value| member["type"].as_str().unwrap().to_owned();
                self.types(&place, &type_of(one[&name]), &type_of(other[&name]));
            }
        }
    }

    /// Compares alternatives by their kinds.
    fn alternatives(&mut self, place: &str, qemu: &Value, ours: &Value) {
        let by_kind = |schema: &Schema, info: &Value| -> BTreeMap<String, String> {
            let members = info["members"].as_array().unwrap().iter();
            let named = members.map(|member| member["type"].as_str().unwrap());
            let kind = |name: &str| match schema.0[name]["meta-type"].as_str().unwrap() {
                "builtin" => name.to_owned(),
                meta => meta.to_owned(),
            };
            named.map(|name| (kind(name), name.to_owned())).collect()
        };
        let (one, other) = (by_kind(self.qemu, qemu), by_kind(self.ours, ours));
        let names = |kinds: &BTreeMap<String, String>| kinds.keys().cloned().collect();
        for kind in self.sets(place, &names(&one), &names(&other)) {
            self.types(&format!("{place}({kind})"), &one[&kind], &other[&kind]);
        }
    }

    fn all(mut self) -> Differences {
        for (meta, parts) in
            [("command", &["arg-type", "ret-type"][..]), ("event", &["arg-type"])]
        {
            let (qemu, ours) = (self.qemu.names(meta), self.ours.names(meta));
            for name in self.sets(&format!("{meta}s"), &qemu, &ours) {
                let (one, other) = (self.qemu.0[&name].clone(), self.ours.0[&name].clone());
                self.sets(&name, &marks(&one), &marks(&other));
                for part in parts {
                    let place =
                        if *part == "ret-type" { format!("{name}()") } else { name.clone() };
                    let type_of = |info: &Value| info[*part].as_str().unwrap().to_owned();
                    self.types(&place, &type_of(&one), &type_of(&other));
                }
            }
        }
        self.differences
    }
}

/// A difference: the place, the side that has a name, and the name.
type Difference = (String, &'static str, String);

/// The differences one by one.
fn each(differences: Differences) -> BTreeSet<Difference> {
    let each = |(place, (qemu, ours)): (String, (BTreeSet<String>, BTreeSet<String>))| {
        let qemu = qemu.into_iter().map(|name| ("qemu", name));
        let names: Vec<_> = qemu.chain(ours.into_iter().map(|name| ("ours", name))).collect();
        names.into_iter().map(move |(side, name)| (place.clone(), side, name))
    };
    differences.into_iter().flat_map(each).collect()
}

/// The differences that the file lists. Each line has a place, the side that has the names, the
/// names, and a reason.
fn listed() -> BTreeSet<Difference> {
    let lines = include_str!("introspection.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut listed = BTreeSet::new();
    for line in lines {
        let (difference, reason) = line.split_once(" | ").expect("a reason follows ` | `");
        assert!(!reason.trim().is_empty(), "{line}: no reason");
        let mut words = difference.split(' ');
        let place = words.next().expect("the place is first");
        let side = match words.next() {
            Some("qemu") => "qemu",
            Some("ours") => "ours",
            side => panic!("{line}: no side {side:?}"),
        };
        for name in words {
            let is_new = listed.insert((place.to_owned(), side, name.to_owned()));
            assert!(is_new, "{line}: {name} is listed twice");
        }
    }
    listed
}

#[test]
fn differences_from_qemu_are_listed_with_a_reason() {
    let Some(program) = recorded_peer("qemu-storage-daemon") else { return };
    let folder = tempfile::tempdir().unwrap();
    let peer = Command::new(program)
        .args(socket_arguments(folder.path()))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let _peer = Peer(peer);
    let qemu = Schema::of(&mut Client::connect(&folder.path().join("qmp.sock")));
    let daemon = Daemon::start(&[]);
    let ours = Schema::of(&mut daemon.client());
    let differences = Differences::new();
    let comparison = Comparison { qemu: &qemu, ours: &ours, seen: HashSet::new(), differences };
    let (found, listed) = (each(comparison.all()), listed());
    let missing: Vec<_> = found.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&found).collect();
    assert!(missing.is_empty() && stale.is_empty(), "not listed: {missing:?}\nstale: {stale:?}");
}
