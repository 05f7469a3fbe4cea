//! The borders between the crates, and between the parts of this one: shown by reading their files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What only the server may depend on.
const HTTP_CRATES: &[&str] = &[
    "axum",
    "axum-server",
    "http",
    "http-body-util",
    "hyper",
    "hyper-util",
    "reqwest",
    "tower",
    "tower-http",
    "utoipa",
    "utoipa-axum",
];

/// What HTTP is within the server, in paths of `use` and elsewhere.
const HTTP_PATHS: &[&str] = &["crate::http", "axum::", "hyper::", "tower::", "utoipa::"];

/// The parts of the server that HTTP is of no concern to.
const WITHOUT_HTTP: &[&str] = &[
    "audit",
    "backup",
    "backup_ledger",
    "catalogue",
    "config",
    "control",
    "dashboards",
    "data_quality",
    "dead_letter",
    "doctor",
    "erase",
    "explanation",
    "exports",
    "identity",
    "ingest",
    "metrics",
    "project_forecast",
    "query_rows",
    "readiness",
    "retention",
    "webhooks",
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The dependencies of each crate, but for those of its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut graph = BTreeMap::new();
    for entry in fs::read_dir(crates()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(manifest) = fs::read_to_string(path.join("Cargo.toml")) else {
            continue;
        };
        let manifest: toml::Table = manifest.parse().unwrap();
        let names = manifest
            .get("dependencies")
            .and_then(|table| table.as_table());
        let names = names.into_iter().flatten().map(|(name, _)| name.clone());
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        graph.insert(name, names.collect());
    }
    graph
}

/// The Rust files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn is_test(path: &Path) -> bool {
    let is_named = |name: &str| name == "tests" || name == "testing";
    path.iter()
        .filter_map(|part| Path::new(part).file_stem()?.to_str())
        .any(|stem| is_named(stem) || stem.ends_with("_tests"))
}

/// A file without comments and tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The code of this crate by the module of its root that it belongs to, with the file.
fn modules() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for path in files(&root) {
        let within = path.strip_prefix(&root).unwrap().to_owned();
        let top = Path::new(within.iter().next().unwrap())
            .file_stem()
            .unwrap();
        let top = top.to_str().unwrap().to_owned();
        if !is_test(&within) && !["lib", "main", "borders"].contains(&top.as_str()) {
            let code = code(&path);
            found.push((top, within, code));
        }
    }
    found
}

/// The modules that a file names after `crate::`, also within braces.
fn named(code: &str) -> BTreeSet<&str> {
    let word = |text: &str| {
        text.find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(text.len())
    };
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            names.insert(&rest[..word(rest)]);
            continue;
        };
        let mut depth = 0;
        let mut begin = 0;
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    let name = list[begin..at].trim();
                    names.insert(&name[..word(name)]);
                    begin = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    names.remove("");
    names
}

/// One of the circles of a graph.
fn circle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<&str>> {
    fn visit<'a>(
        graph: &'a BTreeMap<String, BTreeSet<String>>,
        at: &'a str,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> bool {
        if way.contains(&at) {
            way.push(at);
            return true;
        }
        if !done.insert(at) {
            return false;
        }
        way.push(at);
        for next in graph.get(at).into_iter().flatten() {
            if visit(graph, next, way, done) {
                return true;
            }
        }
        way.pop();
        false
    }
    let mut done = BTreeSet::new();
    for begin in graph.keys() {
        let mut way = Vec::new();
        if visit(graph, begin, &mut way, &mut done) {
            return Some(way);
        }
    }
    None
}

#[test]
fn events_journal_and_sql_depend_on_no_crate_of_ours() {
    let graph = dependencies();
    for name in ["events", "journal", "sql"] {
        let ours: Vec<_> = graph[name]
            .iter()
            .filter(|name| name.starts_with("annoscope-"))
            .collect();
        assert!(ours.is_empty(), "{name} depends on {ours:?}");
    }
}

#[test]
fn the_recorder_is_a_part_of_other_programs() {
    let graph = dependencies();
    let ours = |name: &str| -> Vec<String> {
        let ours = graph[name].iter();
        let ours = ours.filter(|name| name.starts_with("annoscope-"));
        ours.cloned().collect()
    };
    assert_eq!(ours("recorder"), ["annoscope-events", "annoscope-journal"]);
    for name in graph.keys() {
        let is_used = ours(name).contains(&"annoscope-recorder".to_owned());
        assert!(!is_used, "{name} depends on the recorder");
    }
}

#[test]
fn no_crate_but_those_at_the_ends_knows_http() {
    for (name, dependencies) in dependencies() {
        let ends = [
            "server",
            "copy",
            "recorder",
            "store-clickhouse",
            "test-support",
        ];
        if ends.contains(&name.as_str()) {
            continue;
        }
        let http: Vec<_> = dependencies
            .iter()
            .filter(|name| HTTP_CRATES.contains(&name.as_str()))
            .collect();
        assert!(http.is_empty(), "{name} depends on {http:?}");
    }
}

#[test]
fn the_contract_of_a_store_names_no_duckdb() {
    let graph = dependencies();
    for name in ["events", "store"] {
        assert!(!graph[name].contains("duckdb"), "{name} depends on duckdb");
    }
    for path in files(&crates().join("store/src")) {
        let text = fs::read_to_string(&path).unwrap().to_lowercase();
        assert!(!text.contains("duckdb"), "{} names it", path.display());
    }
}

#[test]
fn what_is_not_http_names_nothing_of_it() {
    for (module, path, code) in modules() {
        if !WITHOUT_HTTP.contains(&module.as_str()) {
            continue;
        }
        for http in HTTP_PATHS {
            let is_named = code.match_indices(http).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            assert!(!is_named, "{} names {http}", path.display());
        }
    }
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, path, code) in modules() {
        // The root, where a file of a module lies in it, is a way around this test.
        if path.iter().count() == 1 {
            let is_up = code.contains("super::");
            assert!(!is_up, "{} says super:: of the root", path.display());
        }
        let named = named(&code).into_iter().filter(|name| *name != module);
        let named: Vec<String> = named.map(str::to_owned).collect();
        graph.entry(module).or_default().extend(named);
    }
    assert!(graph.len() > 10, "{graph:?}");
    assert!(graph["server"].contains("http"), "{graph:?}");
    assert_eq!(circle(&graph), None);
}

#[test]
fn circles_and_imports_are_found() {
    let code = "use crate::a::b;\nuse crate::{c, d::{e, f}, g as h};\nfn i() { crate::j::k() }";
    let expected = BTreeSet::from(["a", "c", "d", "g", "j"]);
    assert_eq!(named(code), expected);
    let graph = |edges: &[(&str, &str)]| {
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in edges {
            let to = (*to).to_owned();
            graph.entry((*from).to_owned()).or_default().insert(to);
        }
        graph
    };
    let tree = graph(&[("a", "b"), ("a", "c"), ("b", "c")]);
    assert_eq!(circle(&tree), None);
    let round = graph(&[("a", "b"), ("b", "c"), ("c", "b")]);
    assert_eq!(circle(&round), Some(vec!["a", "b", "c", "b"]));
}
