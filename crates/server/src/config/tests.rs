use std::path::Path;

use super::*;

fn inputs(flags: &[(&'static str, &str)], environment: &[(&str, &str)], data_dir: &Path) -> Inputs {
    let data_dir = data_dir.to_string_lossy().into_owned();
    let flags = flags.iter().map(|(key, text)| (*key, (*text).to_owned()));
    Inputs {
        flags: [("data_dir", data_dir)].into_iter().chain(flags).collect(),
        config_file: None,
        environment: environment
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
    }
}

/// The error for a file with this text.
fn file_error(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(CONFIG_FILE_NAME), text).unwrap();
    let error = load(&inputs(&[], &[], dir.path())).unwrap_err().to_string();
    error.replace(&*dir.path().to_string_lossy(), "DIR")
}

fn environment_error(name: &str, text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let inputs = inputs(&[], &[(name, text)], dir.path());
    load(&inputs).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let config = Config::for_testing("/nowhere".into());
    assert_eq!(config.ingest.max_body_bytes, 100 * 1024 * 1024);
    assert_eq!(config.ingest.dedup_window_days, 7);
    assert_eq!(config.store.memory_bytes, 256 << 20);
    assert_eq!(config.query.timeout_ms, 60_000);
    assert_eq!(config.export.expiry_ms, 3_600_000);
    assert_eq!(config.log.format, LogFormat::Text);
}

#[test]
fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(CONFIG_FILE_NAME);
    let text = "listen = '127.0.0.1:1'\n[ingest]\nqueue_bytes = 2048\nmax_body_bytes = '3KiB'\n\
                [store]\nmin_free_bytes = 0\n";
    std::fs::write(&file, text).unwrap();
    let inputs = inputs(
        &[("ingest.queue_bytes", "9000")],
        &[
            ("ANNOSCOPE_INGEST_QUEUE_BYTES", "8000"),
            ("ANNOSCOPE_INGEST_MAX_BODY_BYTES", "4 KiB"),
            ("ANNOSCOPE_LOG_LEVEL", ""),
            ("HOME", "/root"),
        ],
        dir.path(),
    );
    let loaded = load(&inputs).unwrap();
    assert_eq!(loaded.config.ingest.queue_bytes, 9000);
    assert_eq!(loaded.config.ingest.max_body_bytes, 4096);
    assert_eq!(loaded.config.listen.port(), 1);
    assert_eq!(loaded.config.log.level, "info");

    let origin = |path: &str| {
        let setting = loaded.settings.iter().find(|s| s.key.path == path);
        let setting = setting.unwrap();
        (setting.toml.clone(), setting.origin.clone())
    };
    let file = file.display().to_string();
    let cases = [
        ("ingest.queue_bytes", "9000", "flag --ingest-queue-bytes"),
        (
            "ingest.max_body_bytes",
            "\"4KiB\"",
            "environment ANNOSCOPE_INGEST_MAX_BODY_BYTES",
        ),
        ("listen", "\"127.0.0.1:1\"", file.as_str()),
        ("store.min_free_bytes", "0", file.as_str()),
        ("export.expiry_ms", "\"1h\"", "default"),
    ];
    for (path, toml, from) in cases {
        assert_eq!(origin(path), (toml.to_owned(), from.to_owned()), "{path}");
    }
}

#[test]
fn a_file_given_by_name_may_name_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("other.toml");
    std::fs::write(&file, "data_dir = '/srv/events'").unwrap();
    let by_flag = Inputs {
        config_file: Some(file.clone()),
        ..Inputs::default()
    };
    let by_variable = Inputs {
        environment: vec![(CONFIG_FILE_VARIABLE.to_owned(), file.display().to_string())],
        ..Inputs::default()
    };
    for inputs in [by_flag, by_variable] {
        let config = load(&inputs).unwrap().config;
        assert_eq!(config.data_dir, Path::new("/srv/events"));
    }

    let missing = Inputs {
        config_file: Some(dir.path().join("missing.toml")),
        ..Inputs::default()
    };
    assert!(matches!(load(&missing), Err(ConfigError::Read { .. })));
}

#[test]
fn errors_of_the_file_name_the_key_and_the_origin() {
    let cases = [
        (
            "[ingest]\nmax_bdy_bytes = 1",
            "unknown key \"ingest.max_bdy_bytes\" in DIR/annoscope.toml: did you mean \"ingest.max_body_bytes\"?",
        ),
        (
            "max_body_bytes = 1",
            "unknown key \"max_body_bytes\" in DIR/annoscope.toml: did you mean \"ingest.max_body_bytes\"?",
        ),
        (
            "[inget]\nqueue_bytes = 1",
            "unknown key \"inget.queue_bytes\" in DIR/annoscope.toml: did you mean \"ingest.queue_bytes\"?",
        ),
        (
            "fruit = 'pear'",
            "unknown key \"fruit\" in DIR/annoscope.toml; `annoscope config` lists the valid ones",
        ),
        (
            "ingest = 5",
            "\"ingest\" in DIR/annoscope.toml is a section: write [ingest] and its keys below it",
        ),
        (
            "listen = 8380",
            "listen from DIR/annoscope.toml: expected text, found 8380",
        ),
        (
            "[log]\nformat = 'xml'",
            "log.format from DIR/annoscope.toml: \"xml\" is not one of: text, json",
        ),
        (
            "[query]\nmax_concurrent = -1",
            "query.max_concurrent from DIR/annoscope.toml: -1 is not a whole number",
        ),
        (
            "[store]\nthreads = 1.5",
            "store.threads from DIR/annoscope.toml: 1.5 is not a whole number",
        ),
        (
            "[store]\nmemory_bytes = '1MiB'",
            "store.memory_bytes from DIR/annoscope.toml: 1MiB is not between 32MiB and 16TiB",
        ),
        (
            "[store.memory_bytes]\nx = 1",
            "store.memory_bytes from DIR/annoscope.toml: a table is not a size such as 64MiB or a number of bytes",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(file_error(text), message, "{text}");
    }
    assert!(file_error("listen =").contains("DIR/annoscope.toml is not valid TOML"));
    assert!(file_error("data_dir = '/x'").contains("cannot name another"));
}

#[test]
fn errors_of_the_environment_name_the_variable() {
    let cases = [
        (
            "ANNOSCOPE_INGEST__QUEUE_BYTES",
            "1",
            "unknown variable ANNOSCOPE_INGEST__QUEUE_BYTES in the environment: did you mean ANNOSCOPE_INGEST_QUEUE_BYTES?",
        ),
        (
            "ANNOSCOPE_LISTEN",
            "localhost",
            "listen from environment ANNOSCOPE_LISTEN: \"localhost\" is not an IP address with a port, such as 127.0.0.1:8380",
        ),
        (
            "ANNOSCOPE_EXPORT_EXPIRY_MS",
            "soon",
            "export.expiry_ms from environment ANNOSCOPE_EXPORT_EXPIRY_MS: \"soon\" is not a time such as 90s or a number of milliseconds",
        ),
        (
            "ANNOSCOPE_LOG_LEVEL",
            "loud=very",
            "log.level from environment ANNOSCOPE_LOG_LEVEL: \"loud=very\" is not error, warn, info, debug or trace, nor a list of directives",
        ),
    ];
    for (name, text, message) in cases {
        assert_eq!(environment_error(name, text), message, "{name}");
    }
}

#[test]
fn sizes_and_times_are_read_with_units() {
    let cases = [
        ("ingest.queue_bytes", "65536", Some("\"64KiB\"")),
        ("ingest.queue_bytes", "1_000_000", Some("1000000")),
        ("ingest.queue_bytes", "64 mib", Some("\"64MiB\"")),
        ("ingest.queue_bytes", "64MB", Some("\"62500KiB\"")),
        ("ingest.queue_bytes", "1.5GiB", Some("\"1536MiB\"")),
        ("ingest.queue_bytes", "1.5", None),
        ("ingest.queue_bytes", "64M", None),
        ("ingest.queue_bytes", "-1", None),
        ("ingest.queue_bytes", "99999999999TiB", None),
        ("ingest.queue_bytes", "", None),
        ("query.timeout_ms", "90s", Some("\"90s\"")),
        ("query.timeout_ms", "1500", Some("1500")),
        ("query.timeout_ms", "0.5min", Some("\"30s\"")),
        ("query.timeout_ms", "2d", None),
    ];
    for (path, text, expected) in cases {
        let loaded = load(&inputs(&[(path, text)], &[], Path::new("/nowhere")));
        let found = loaded.ok().and_then(|loaded| {
            let mut settings = loaded.settings.into_iter();
            settings.find(|s| s.key.path == path).map(|s| s.toml)
        });
        assert_eq!(found.as_deref(), expected, "{path} = {text}");
    }
}

#[test]
fn what_config_prints_is_a_file_that_gives_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let first = load(&inputs(&[("log.format", "json")], &[], dir.path())).unwrap();
    let lines = first.settings.iter();
    let lines: Vec<String> = lines
        .map(|s| format!("{} = {}", s.key.path, s.toml))
        .collect();
    let file = dir.path().join("printed.toml");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let again = load(&Inputs {
        config_file: Some(file),
        ..Inputs::default()
    });
    assert_eq!(again.unwrap().config, first.config);
}

#[test]
fn no_two_keys_share_a_flag_or_a_variable() {
    let mut names: Vec<String> = KEYS.iter().flat_map(|k| [k.flag(), k.variable()]).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
    assert_eq!(KEYS[0].path, "data_dir", "load() looks there for the file");
}

#[test]
fn several_annoscopes_know_their_users_from_cvat() {
    let several = [
        ("store.kind", "clickhouse"),
        ("store.clickhouse.urls", "http://one:8123"),
        ("store.clickhouse.node", "1"),
        ("shared.dir", "/mnt/annoscope"),
    ];
    let cvat = [("auth", "cvat"), ("cvat.url", "http://cvat:8080")];
    let refused = "several annoscopes before one ClickHouse";
    let cases = [
        (several[..2].to_vec(), None),
        (several[..3].to_vec(), Some(refused)),
        ([&several[..2], &several[3..]].concat(), Some(refused)),
        ([&several[..], &cvat[..]].concat(), None),
        (
            [&several[3..], &cvat[..]].concat(),
            Some("needs store.kind"),
        ),
    ];
    for (flags, expected) in cases {
        let loaded = load(&inputs(&flags, &[], Path::new("/nowhere")));
        let error = loaded.err().map(|error| error.to_string());
        match (&error, expected) {
            (None, None) => {}
            (Some(error), Some(part)) => assert!(error.contains(part), "{flags:?}: {error}"),
            _ => panic!("{flags:?}: {error:?}"),
        }
    }
}

#[test]
fn events_in_a_clickhouse_need_its_address() {
    let dir = tempfile::tempdir().unwrap();
    let with = |urls: &str, database: &str| {
        let inputs = inputs(
            &[
                ("store.kind", "clickhouse"),
                ("store.clickhouse.urls", urls),
                ("store.clickhouse.database", database),
            ],
            &[],
            dir.path(),
        );
        load(&inputs).map(|loaded| loaded.config.store.clickhouse)
    };
    let good = with("http://one:8123, https://two", "cvat").unwrap();
    assert_eq!(
        good.urls().collect::<Vec<_>>(),
        ["http://one:8123", "https://two"]
    );
    for (urls, database, expected) in [
        ("", "cvat", "needs store.clickhouse.urls"),
        ("one:8123", "cvat", "takes addresses"),
        ("http://user:secret@one:8123", "cvat", "takes addresses"),
        ("http://one", "cvat; DROP", "takes letters"),
        ("http://one", "1", "takes letters"),
    ] {
        let error = with(urls, database).unwrap_err().to_string();
        assert!(error.contains(expected), "{urls} {database}: {error}");
    }
}
