//! The layers of the crates. A room is a folder of `src` or a file directly in `src`. Each room has
//! a rank and imports from rooms of lower ranks only. ARCHITECTURE.md has the table of ranks.

use std::collections::{BTreeMap, HashMap};

use super::imports::Crate;
use super::tokens::tokens;
use super::{assert_none, map, sources};

/// The heading of the table in ARCHITECTURE.md. A fenced block follows. Each line of the block
/// names a crate and its rooms, lowest rank first, with `◀` between ranks. A line that begins with
/// a space continues the previous line.
const HEADING: &str = "## Layers";

/// The ranks of a crate's rooms.
type Ranks = HashMap<String, usize>;

#[test]
fn rooms_import_from_lower_ranks_only() {
    let table = table(&map::text());
    assert!(table.len() > 4, "the table names too few crates: {:?}", table.keys());
    let mut faults = Vec::new();
    for (package, ranks) in table {
        let prefix = format!("{package}/src/");
        let of_package = sources().into_iter().filter_map(|source| {
            let path = source.path.strip_prefix(&prefix)?.to_owned();
            Some((path, source.text))
        });
        faults.extend(broken_layers(&prefix, &ranks, of_package.collect()));
    }
    assert_none(&faults);
}

/// The ranks of the rooms of each crate in the table.
fn table(page: &str) -> BTreeMap<String, Ranks> {
    let (_, section) = page.split_once(HEADING).expect("ARCHITECTURE.md has the heading");
    let block = section.split("```").nth(1).expect("a fenced block follows the heading");
    let mut lines: Vec<String> = Vec::new();
    for line in block.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        match lines.last_mut() {
            Some(last) if line.starts_with(' ') => last.push_str(line),
            _ => lines.push(line.to_owned()),
        }
    }
    let mut table = BTreeMap::new();
    for line in lines {
        let (package, rooms) =
            line.split_once(' ').expect("the rooms follow the name of the crate");
        let mut ranks = Ranks::new();
        for (rank, rooms) in rooms.split('◀').enumerate() {
            for room in rooms.split_whitespace() {
                let twice = ranks.insert(room.to_owned(), rank).is_some();
                assert!(!twice, "{package}: `{room}` has two ranks");
            }
        }
        table.insert(package.to_owned(), ranks);
    }
    table
}

/// The room of a file, or `None` for the root of the crate, which imports from all rooms.
fn room(file: &str) -> Option<&str> {
    match file.split_once('/') {
        Some((folder, _)) => Some(folder),
        None => Some(file.trim_end_matches(".rs")).filter(|stem| !["lib", "main"].contains(stem)),
    }
}

/// The violations in a crate. `sources` has its files by their paths below `prefix`.
fn broken_layers(prefix: &str, ranks: &Ranks, sources: Vec<(String, String)>) -> Vec<String> {
    let parsed = sources.into_iter().map(|(path, text)| {
        let all = tokens(&path, &text);
        (path, all)
    });
    let package = Crate::new(parsed.collect());
    let rooms: Vec<&str> = package.files().filter_map(|file| room(file)).collect();
    let mut faults = Vec::new();
    for room in ranks.keys().filter(|room| !rooms.contains(&room.as_str())) {
        faults.push(format!("layers: {prefix}: the table has `{room}`, which does not exist"));
    }
    let mut unranked: Vec<&str> =
        rooms.iter().copied().filter(|room| !ranks.contains_key(*room)).collect();
    unranked.dedup();
    for room in &unranked {
        faults.push(format!("layers: {prefix}: `{room}` has no rank in the table"));
    }
    for import in package.imports() {
        let (Some(from), Some(to)) = (room(&import.from), room(&import.to)) else { continue };
        let (Some(own), Some(other)) = (ranks.get(from), ranks.get(to)) else { continue };
        if from != to && other >= own {
            faults.push(format!(
                "layers: {prefix}{}:{}: `{from}` imports `{}` from `{to}`, which is not below it",
                import.from, import.line, import.name
            ));
        }
    }
    faults
}

/// The faults of a crate with the table `low other ◀ middle ◀ high` and these files.
fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
    let page = "## Layers\n```text\na low other ◀\n  middle ◀ high\n```\n";
    let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let rest = ["lib.rs", "low/mod.rs", "other.rs", "middle.rs", "high/mod.rs"];
    let is_missing = |path: &&str| files.iter().all(|(given, _)| given != path);
    let empty = rest.into_iter().filter(is_missing).map(|path| (path.to_owned(), String::new()));
    let all = files.iter().map(own).chain(empty).collect();
    broken_layers("a/src/", &table(page)["a"], all)
}

#[test]
fn an_import_from_a_lower_rank_is_allowed() {
    let high =
        "use crate::low::{self, One};\nuse super::middle::Two;\nfn f() { crate::other::g() }";
    assert_eq!(faults_of(&[("high/mod.rs", high)]), [""; 0]);
}

#[test]
fn an_import_from_a_higher_rank_is_found() {
    let low = "use std::fmt;\n// use crate::high::No;\nuse crate::{\n    high::One,\n};\n";
    assert_eq!(
        faults_of(&[("low/mod.rs", low)]),
        ["layers: a/src/low/mod.rs:4: `low` imports `high::One` from `high`, \
          which is not below it"]
    );
}

#[test]
fn an_import_from_the_same_rank_is_found() {
    let faults = faults_of(&[("other.rs", "use crate::low::One;")]);
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn a_path_in_code_is_an_import() {
    let middle = "fn f() -> super::high::Two { println!(\"{}\", crate::high::g()) }";
    assert_eq!(faults_of(&[("middle.rs", middle)]).len(), 2);
}

#[test]
fn a_re_export_is_followed_to_the_defining_file() {
    let face = ("lib.rs", "pub use high::deep::One as Named;\npub use low::Two;");
    let files = [face, ("high/deep.rs", ""), ("middle.rs", "use crate::{Named, Two};")];
    assert_eq!(
        faults_of(&files),
        [
            "layers: a/src/middle.rs:1: `middle` imports `Named` from `high`, which is not below it"
        ]
    );
}

#[test]
fn tests_may_import_from_all_rooms() {
    let low = "#[cfg(test)]\nmod tests {\n    use crate::high::One;\n}\n";
    assert_eq!(faults_of(&[("low/mod.rs", low)]), [""; 0]);
}

#[test]
fn a_room_without_a_rank_is_found() {
    assert_eq!(
        faults_of(&[("new/mod.rs", "")]),
        ["layers: a/src/: `new` has no rank in the table"]
    );
}

#[test]
fn a_rank_without_a_room_is_found() {
    let ranks = Ranks::from([("gone".to_owned(), 0)]);
    assert_eq!(
        broken_layers("a/src/", &ranks, vec![("lib.rs".to_owned(), String::new())]),
        ["layers: a/src/: the table has `gone`, which does not exist"]
    );
}
