//! What of a dashboard's file the page does not show: a sentence each, as the page itself says it.
//! The file keeps all of it.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::Model;

/// What the page knows; a test of the page's compares it with what the page is made of.
#[derive(Deserialize)]
struct Known {
    panel_types: Vec<String>,
    transformations: Vec<String>,
    variable_types: Vec<String>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    serde_json::from_str(include_str!("known.json")).expect("the file is part of the program")
});

/// The sentences, each once: of the dashboard first, then of its panels with their titles.
pub fn notices(model: &Model) -> Vec<String> {
    let mut found = Vec::new();
    for variable in members(model.get("templating").and_then(|t| t.get("list"))) {
        let (name, of_type) = (text(variable, "name"), text(variable, "type"));
        if !knows(&KNOWN.variable_types, of_type) {
            found.push(format!(
                "The variable {name} is of the type {of_type}, which is not known here."
            ));
        }
    }
    for list in members(model.get("annotations").and_then(|a| a.get("list"))) {
        // Grafana's own list of alerts is in every file, and no wish.
        let is_builtin = list.get("builtIn").is_some_and(is_truthy);
        let is_off = list.get("enable") == Some(&Value::Bool(false));
        if !is_builtin && !is_off && !can_ask(list) {
            let name = text(list, "name");
            found.push(format!("The annotations {name} are not shown here."));
        }
    }
    for link in members(model.get("links")) {
        if !can_follow(link) {
            let title = text(link, "title");
            found.push(format!("The link {title} cannot be followed here."));
        }
    }
    for panel in members(model.get("panels")) {
        of_panel(panel, &mut found);
    }
    let mut said = std::collections::HashSet::new();
    found.retain(|notice| said.insert(notice.clone()));
    found
}

fn of_panel(panel: &Value, found: &mut Vec<String>) {
    let (title, of_type) = (text(panel, "title"), text(panel, "type"));
    if of_type == "row" {
        for inner in members(panel.get("panels")) {
            of_panel(inner, found);
        }
        return;
    }
    let title = if title.is_empty() { "A panel" } else { title };
    if !knows(&KNOWN.panel_types, of_type) {
        let of_type = if of_type.is_empty() {
            "(none)"
        } else {
            of_type
        };
        found.push(format!(
            "{title}: Panels of the type {of_type} are not shown here. The file keeps this one as it is."
        ));
    }
    for transformation in members(panel.get("transformations")) {
        let id = text(transformation, "id");
        let is_off = transformation.get("disabled").is_some_and(is_truthy);
        if !is_off && !knows(&KNOWN.transformations, id) {
            found.push(format!(
                "{title}: The transformation {id} is not applied here."
            ));
        }
    }
}

/// Annotations are a query in SQL, or a list of dates; Grafana's own, which it keeps itself, are not here.
fn can_ask(list: &Value) -> bool {
    let is_asked = list
        .get("target")
        .is_some_and(|target| !text(target, "rawSql").trim().is_empty());
    is_asked || list.get("dates").is_some_and(Value::is_array)
}

/// A file may come from anywhere: the page follows no address that runs something.
fn can_follow(link: &Value) -> bool {
    let url = text(link, "url").trim();
    match text(link, "type") {
        "dashboards" => true,
        "link" => match url.split_once(':') {
            Some((scheme, _))
                if scheme
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b)) =>
            {
                ["http", "https", "mailto"]
                    .iter()
                    .any(|known| scheme.eq_ignore_ascii_case(known))
            }
            _ => !url.is_empty(),
        },
        _ => false,
    }
}

fn members(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn knows(known: &[String], name: &str) -> bool {
    known.iter().any(|other| other == name)
}

/// As JavaScript has it: files say true and 1.
fn is_truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_f64() != Some(0.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_page_does_not_show_is_named() {
        let row = json!({"type": "row", "title": "Each", "repeat": "users", "panels": [
            {"type": "canvas", "title": "Inside"}
        ]});
        let cases = [
            (json!({}), vec![]),
            (
                json!({"panels": [{"type": "table", "title": "A"}, {"type": "graph"}]}),
                vec![],
            ),
            (
                json!({"panels": [{"type": "geomap", "title": "A"}, {}]}),
                vec![
                    "A: Panels of the type geomap are not shown here. The file keeps this one as it is.",
                    "A panel: Panels of the type (none) are not shown here. The file keeps this one as it is.",
                ],
            ),
            (
                json!({"panels": [row]}),
                vec![
                    "Inside: Panels of the type canvas are not shown here. The file keeps this one as it is.",
                ],
            ),
            (
                json!({"panels": [{"type": "table", "title": "A", "repeat": "users", "transformations": [
                    {"id": "merge"}, {"id": "merge"}, {"id": "pivot", "disabled": true}, {"id": "reduce"}
                ]}]}),
                vec!["A: The transformation merge is not applied here."],
            ),
            (
                json!({"templating": {"list": [{"name": "a", "type": "adhoc"}, {"name": "b", "type": "query"}]}}),
                vec!["The variable a is of the type adhoc, which is not known here."],
            ),
            (
                json!({"annotations": {"list": [{"name": "Alerts", "builtIn": 1}, {"name": "Releases", "enable": true},
                    {"name": "Old", "enable": false}, {"name": "Deploys", "target": {"rawSql": "SELECT now() AS time"}},
                    {"name": "Holidays", "dates": [{"time": "2026-12-25"}]}]}}),
                vec!["The annotations Releases are not shown here."],
            ),
            (
                json!({"links": [
                    {"type": "link", "title": "a", "url": "/d/x"}, {"type": "link", "title": "b", "url": "d/x?t=a:b"},
                    {"type": "link", "title": "c", "url": "https://cvat.example"}, {"type": "dashboards", "tags": []},
                    {"type": "link", "title": "d", "url": "javascript:alert(1)"}, {"type": "link", "title": "e"},
                    {"type": "odd", "title": "f", "url": "/d/x"}
                ]}),
                vec![
                    "The link d cannot be followed here.",
                    "The link e cannot be followed here.",
                    "The link f cannot be followed here.",
                ],
            ),
            (
                json!({"panels": [{"type": 5, "transformations": 7}], "links": "x"}),
                vec![
                    "A panel: Panels of the type (none) are not shown here. The file keeps this one as it is.",
                ],
            ),
        ];
        for (mut model, expected) in cases {
            model["title"] = json!("T");
            assert_eq!(
                notices(&Model::new(model.clone()).unwrap()),
                expected,
                "{model}"
            );
        }
    }
}
