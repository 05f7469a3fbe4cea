mod hours;

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn dashboards() -> (TempDir, Dashboards) {
    let dir = TempDir::new().unwrap();
    let dashboards = Dashboards::new(dir.path());
    (dir, dashboards)
}

fn change(author: &str, model: Value) -> Change {
    Change {
        model: Model::new(model).unwrap(),
        note: format!("by {author}"),
        folder: None,
        author: author.to_owned(),
        time: Timestamp::from_millis(1_780_000_000_000),
    }
}

fn titles(dashboards: &Dashboards) -> Vec<String> {
    let (entries, _) = dashboards.list().unwrap();
    entries.into_iter().map(|entry| entry.title).collect()
}

fn put_file(dir: &Path, name: &str, text: &str) {
    let path = dir.join("dashboards").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const BUILT_IN: [&str; 9] = [
    "All Events",
    "Data quality",
    "Job",
    "Management",
    "Monitoring",
    "My hours",
    "Project",
    "Team",
    "Timesheet",
];

#[test]
fn an_empty_directory_shows_the_built_in_ones() {
    let (dir, dashboards) = dashboards();
    assert_eq!(titles(&dashboards), BUILT_IN);
    let (model, meta) = dashboards.get("management").unwrap();
    assert_eq!(model.text("title"), "Management");
    assert_eq!(
        (meta.version, meta.builtin, meta.modified, meta.file),
        (1, true, false, None)
    );
    assert!(
        !dir.path().join("dashboards").exists(),
        "looking writes nothing"
    );
}

#[test]
fn a_save_is_a_version_more_and_every_version_can_be_read() {
    let (dir, dashboards) = dashboards();
    let (builtin, _) = dashboards.get("management").unwrap();
    let edited = json!({"title": "Ours", "panels": [], "unknown": {"kept": 1.50}});
    let meta = dashboards
        .save("management", 1, change("lena", edited.clone()))
        .unwrap();
    assert_eq!(
        (meta.version, meta.modified, meta.author.as_deref()),
        (2, true, Some("lena"))
    );
    let path = dir.path().join("dashboards/management.json");
    assert_eq!(meta.file.as_deref(), path.to_str());

    // After a restart, too.
    let dashboards = Dashboards::new(dir.path());
    let (model, again) = dashboards.get("management").unwrap();
    assert_eq!(again, meta);
    assert_eq!(model.get("unknown"), edited.get("unknown"));
    assert_eq!(
        (model.text("uid"), model.get("version")),
        ("management", Some(&json!(2)))
    );

    let versions = dashboards.versions("management").unwrap();
    let told: Vec<_> = versions
        .iter()
        .map(|v| (v.version, v.note.as_str()))
        .collect();
    assert_eq!(told, [(2, "by lena"), (1, "built-in")]);
    let (first, _) = dashboards.version("management", 1).unwrap();
    assert!(first.same_content(&builtin));
}

#[test]
fn who_saves_second_is_told_and_overwrites_nothing() {
    let (_dir, dashboards) = dashboards();
    dashboards
        .save("timesheet", 1, change("lena", json!({"title": "Lena's"})))
        .unwrap();
    let refused = dashboards.save("timesheet", 1, change("omar", json!({"title": "Omar's"})));
    let error = refused.unwrap_err();
    insta::assert_snapshot!(error, @"lena saved version 2 meanwhile; yours began with version 1. Nothing was overwritten.");
    let (model, _) = dashboards.get("timesheet").unwrap();
    assert_eq!(model.text("title"), "Lena's");
    // The same once more is no conflict: its first answer was lost.
    let meta = dashboards.save(
        "timesheet",
        1,
        change("lena", json!({"title": "Lena's", "uid": "timesheet"})),
    );
    assert_eq!(meta.unwrap().version, 2);
}

#[test]
fn a_reset_shows_the_built_in_one_and_keeps_what_was() {
    let (_dir, dashboards) = dashboards();
    let time = Timestamp::from_millis(0);
    let nothing = dashboards.remove("monitoring", "lena", time).unwrap_err();
    insta::assert_snapshot!(nothing, @r#"The dashboard "monitoring" is the built-in one; there is nothing to reset."#);
    dashboards
        .save("monitoring", 1, change("lena", json!({"title": "Ours"})))
        .unwrap();
    dashboards.remove("monitoring", "omar", time).unwrap();
    let (model, meta) = dashboards.get("monitoring").unwrap();
    assert_eq!(
        (model.text("title"), meta.version, meta.modified),
        ("Monitoring", 3, false)
    );
    let (ours, _) = dashboards.version("monitoring", 2).unwrap();
    assert_eq!(ours.text("title"), "Ours");
    // A save that began with version 2 does not overwrite the reset.
    assert!(
        dashboards
            .save("monitoring", 2, change("lena", json!({"title": "x"})))
            .is_err()
    );
}

#[test]
fn a_new_one_gets_a_uid_of_its_title_and_a_folder() {
    let (dir, dashboards) = dashboards();
    let mut new = change("lena", json!({"title": "Weekly — report!", "uid": null}));
    new.folder = Some("Team A".to_owned());
    let (uid, meta) = dashboards.create(new).unwrap();
    assert_eq!(
        (uid.as_str(), meta.version, meta.folder.as_str()),
        ("weekly-report", 1, "Team A")
    );
    let (second, _) = dashboards
        .create(change("lena", json!({"title": "Weekly report"})))
        .unwrap();
    assert_eq!(second, "weekly-report-2");
    let taken = dashboards.create(change("lena", json!({"title": "x", "uid": "management"})));
    insta::assert_snapshot!(taken.unwrap_err(), @r#"There is a dashboard "management" already: give the new one another uid, or none."#);

    // Moved, removed with its folder, and back again with its history.
    let mut moved = change("lena", json!({"title": "Weekly report"}));
    moved.folder = Some("Team B".to_owned());
    assert_eq!(dashboards.save(&uid, 1, moved).unwrap().folder, "Team B");
    assert!(!dir.path().join("dashboards/Team A").exists());
    dashboards
        .remove(&uid, "lena", Timestamp::from_millis(0))
        .unwrap();
    assert!(!dir.path().join("dashboards/Team B").exists());
    assert!(matches!(
        dashboards.get(&uid),
        Err(DashboardError::Unknown { .. })
    ));
    assert_eq!(dashboards.versions(&uid).unwrap().len(), 2);
    let again = change("lena", json!({"title": "Back", "uid": "weekly-report"}));
    assert_eq!(dashboards.create(again).unwrap().1.version, 3);
}

#[test]
fn folders_are_names_and_nothing_else() {
    let (_dir, dashboards) = dashboards();
    for folder in ["..", "a/b", ".versions", "a\\b", " a", "a\0b"] {
        let mut new = change("lena", json!({"title": "x"}));
        new.folder = Some(folder.to_owned());
        let refused = dashboards.create(new);
        assert!(
            matches!(
                refused,
                Err(DashboardError::Invalid {
                    field: "folder",
                    ..
                })
            ),
            "{folder:?}"
        );
    }
    for uid in ["..", "a/b", "", "../../accounts", "a b"] {
        assert!(
            matches!(dashboards.get(uid), Err(DashboardError::Unknown { .. })),
            "{uid:?}"
        );
        assert!(
            matches!(
                dashboards.version(uid, 1),
                Err(DashboardError::Unknown { .. })
            ),
            "{uid:?}"
        );
        assert!(
            matches!(
                dashboards.versions(uid),
                Err(DashboardError::Unknown { .. })
            ),
            "{uid:?}"
        );
    }
}

#[test]
fn files_of_people_are_shown_or_named() {
    let (dir, dashboards) = dashboards();
    put_file(dir.path(), "hand-made.json", r#"{"title": "By hand"}"#);
    put_file(
        dir.path(),
        "Team/other.json",
        r#"{"title": "Other", "uid": "o1", "tags": ["a"]}"#,
    );
    put_file(
        dir.path(),
        "Team/same.json",
        r#"{"title": "Same", "uid": "o1"}"#,
    );
    put_file(dir.path(), "management.json", "{\n  \"title\": \"Cut o");
    put_file(dir.path(), "no title.json", "{}");
    put_file(dir.path(), "notes.txt", "no dashboard");
    let (entries, problems) = dashboards.list().unwrap();
    let shown: Vec<_> = entries
        .iter()
        .map(|e| (e.folder.as_str(), e.uid.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("", "all-events"),
            ("", "hand-made"),
            ("", "data-quality"),
            ("", "job"),
            ("", "management"),
            ("", "monitoring"),
            ("", "my-hours"),
            ("", "project"),
            ("", "team"),
            ("", "timesheet"),
            ("Team", "o1"),
        ]
    );
    let told: Vec<_> = problems
        .iter()
        .map(|p| format!("{}: {}", p.file, p.message))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    management.json: dashboard: not valid JSON: EOF while parsing a string at line 2 column 17; the built-in dashboard is shown in its place
    no title.json: dashboard.title: a text is expected
    Team/same.json: not shown: Team/other.json has the same uid "o1"
    "#);

    // The broken file is put aside by a save, not overwritten.
    dashboards
        .save("management", 1, change("lena", json!({"title": "Ours"})))
        .unwrap();
    let aside = fs::read_to_string(dir.path().join("dashboards/management.json.broken")).unwrap();
    assert!(aside.contains("Cut o"));
}

#[test]
fn an_edited_file_is_a_version_of_its_own() {
    let (dir, dashboards) = dashboards();
    dashboards
        .save("timesheet", 1, change("lena", json!({"title": "Saved"})))
        .unwrap();
    put_file(
        dir.path(),
        "timesheet.json",
        r#"{"title": "Edited", "uid": "timesheet"}"#,
    );
    let (_, meta) = dashboards.get("timesheet").unwrap();
    assert_eq!((meta.version, meta.author), (3, None));
    assert!(
        dashboards
            .save("timesheet", 2, change("lena", json!({"title": "x"})))
            .is_err()
    );
    dashboards
        .save("timesheet", 3, change("omar", json!({"title": "After"})))
        .unwrap();
    let (edited, version) = dashboards.version("timesheet", 3).unwrap();
    assert_eq!(
        (edited.text("title"), version.note.as_str()),
        ("Edited", "the file was edited")
    );
}

#[test]
fn what_is_no_dashboard_is_refused_by_its_field() {
    let cases = [
        json!([]),
        json!({}),
        json!({"title": 5}),
        json!({"title": "x", "panels": {}}),
        json!({"title": "x", "panels": [5]}),
        json!({"title": "x", "templating": {"list": [null]}}),
        json!({"title": "x", "uid": "../x"}),
        json!({"title": "x", "uid": 7}),
    ];
    let told = cases.map(|case| Model::new(case).unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"), @"
    dashboard: a JSON object is expected, Grafana's JSON model
    dashboard.title: a text is expected
    dashboard.title: a text is expected
    dashboard.panels: a list of objects is expected
    dashboard.panels: a list of objects is expected
    dashboard.templating.list: a list of objects is expected
    dashboard.uid: 1 to 40 letters, digits, - or _ are expected, or null for a new one
    dashboard.uid: 1 to 40 letters, digits, - or _ are expected, or null for a new one
    ");
}
