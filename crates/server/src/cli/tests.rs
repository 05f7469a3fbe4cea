use clap::CommandFactory;

use super::*;
use crate::config::KEYS;

/// Runs a command line; the output, or the error with its exit code.
fn run(words: &[&str]) -> Result<String, (u8, String)> {
    let words = std::iter::once(&"annoscope").chain(words);
    let cli = Cli::try_parse_from(words).map_err(|e| (2, e.to_string()))?;
    let mut out = Vec::new();
    cli.run(Vec::new(), &mut out)
        .map_err(|e| (e.exit_code(), e.to_string()))?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_setting_has_a_flag_for_serve_and_config() {
    for name in ["serve", "config"] {
        let mut root = Cli::command();
        root.build();
        let command = root.find_subcommand(name).unwrap();
        let flags: Vec<&str> = command
            .get_arguments()
            .filter_map(|a| a.get_long())
            .collect();
        for key in KEYS {
            assert!(
                flags.contains(&key.flag().as_str()),
                "{name} --{}",
                key.flag()
            );
        }
    }
}

#[test]
fn config_prints_values_with_origins() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().to_str().unwrap();
    std::fs::write(dir.path().join("annoscope.toml"), "log.level = 'warn'").unwrap();
    let words = ["config", "--data-dir", data_dir, "--store-threads", "3"];
    let printed = run(&words).unwrap().replace(data_dir, "DIR");
    let line = |key: &str| {
        let mut lines = printed.lines().filter(|line| line.starts_with(key));
        lines
            .next()
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("data_dir"), "data_dir = \"DIR\" # flag --data-dir");
    assert_eq!(
        line("store.threads"),
        "store.threads = 3 # flag --store-threads"
    );
    assert_eq!(
        line("log.level"),
        "log.level = \"warn\" # DIR/annoscope.toml"
    );
    assert_eq!(
        line("export.expiry_ms"),
        "export.expiry_ms = \"1h\" # default"
    );
    assert_eq!(printed.lines().count(), KEYS.len());
}

#[test]
fn wrong_settings_and_commands_end_with_2_and_failures_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().to_str().unwrap();
    let cases: [(&[&str], u8, &str); 5] = [
        (&["config", "--lisen", "x"], 2, "--listen"),
        (&["config", "--listen", "x"], 2, "flag --listen"),
        (&["user", "add", "anna", "--privilege", "king"], 2, "king"),
        (&["user", "remove", "anna"], 1, "there is no user \"anna\""),
        (&["user", "token", "anna"], 1, "there is no user \"anna\""),
    ];
    for (words, code, part) in cases {
        let words: Vec<&str> = words
            .iter()
            .copied()
            .chain(["--data-dir", data_dir])
            .collect();
        let (found, message) = run(&words).unwrap_err();
        assert_eq!(found, code, "{message}");
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn users_are_listed_and_tokens_are_made_and_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().to_str().unwrap();
    let accounts = crate::identity::Accounts::open(dir.path()).unwrap();
    for (name, id) in [("anna", 4711), ("bo", 7)] {
        let new = crate::identity::NewUser {
            id: Some(id),
            name,
            email: "x@example.com",
            first_name: "",
            last_name: "",
            privilege: crate::identity::Privilege::Admin,
            has_analytics_access: false,
            password: "secret",
        };
        accounts
            .add_user(&crate::identity::Actor::default(), &new)
            .unwrap();
    }
    let user = |words: &[&str]| {
        let words = [&["user"], words, &["--data-dir", data_dir]].concat();
        run(&words)
    };
    let token = user(&["token", "anna", "--name", "laptop"]).unwrap();
    assert!(
        token.starts_with("ann_") && token.ends_with('\n'),
        "{token}"
    );

    let json: serde_json::Value =
        serde_json::from_str(&user(&["list", "--format", "json"]).unwrap()).unwrap();
    assert_eq!(json[1]["name"], "anna");
    assert_eq!(json[1]["tokens"], serde_json::json!(["laptop"]));

    let table = user(&["list"]).unwrap();
    let columns: Vec<usize> = table
        .lines()
        .map(|line| line.find("x@").unwrap_or(99))
        .collect();
    assert_eq!(columns[1], columns[2], "aligned:\n{table}");
    assert!(!table.contains(token.trim()), "{table}");

    assert_eq!(
        user(&["token", "anna", "--revoke", "laptop"]).unwrap(),
        "revoked 1 of anna\n"
    );
    assert_eq!(
        user(&["token", "anna", "--revoke", "laptop"])
            .unwrap_err()
            .0,
        1
    );
    assert_eq!(user(&["remove", "anna"]).unwrap(), "removed anna\n");
    assert!(!user(&["list"]).unwrap().contains("anna"));
}

#[test]
fn the_journal_is_checked_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().to_str().unwrap();
    let place = ["--data-dir", data_dir];
    let (code, missing) = run(&[&["journal", "check"], &place[..]].concat()).unwrap_err();
    assert_eq!(code, 1);
    assert!(
        missing.starts_with("the journal cannot be read"),
        "{missing}"
    );

    let journal_dir = dir.path().join("journal");
    let journal = annoscope_journal::Journal::open(annoscope_journal::Options {
        dir: journal_dir.clone(),
        first: 0,
        segment_bytes: 64 << 10,
        max_bytes: 1 << 20,
        queue_bytes: 1 << 20,
        clock: || 1_719_835_200_000,
    })
    .unwrap();
    for payload in ["one", "two", "three"] {
        let items = std::num::NonZeroU32::new(10).unwrap();
        let payload = payload.as_bytes().to_vec();
        journal.append(items, payload, |_| {}).unwrap();
    }
    journal.close();

    let checked = run(&[&["journal", "check"], &place[..]].concat()).unwrap();
    assert!(checked.contains("3 records can be read"), "{checked}");
    let show = ["journal", "show", "--from", "15", "--limit", "1"];
    let shown = run(&[&show, &place[..]].concat()).unwrap();
    let lines: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.split_whitespace().take(4).collect())
        .collect();
    assert_eq!(lines[0], ["POSITION", "EVENTS", "BYTES", "WRITTEN"]);
    let written = annoscope_events::Timestamp::from_millis(1_719_835_200_000).to_string();
    assert_eq!(lines[1], ["10", "10", "3", written.as_str()]);
    assert_eq!(lines.len(), 2, "{shown}");

    let segment = std::fs::read_dir(&journal_dir).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        (path.extension()? == "segment").then_some(path)
    });
    let segment = segment.unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[4096 + 56] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let (code, damage) = run(&[&["journal", "check"], &place[..]].concat()).unwrap_err();
    assert_eq!(code, 1);
    assert!(damage.contains("is damaged at byte 4096"), "{damage}");
}
