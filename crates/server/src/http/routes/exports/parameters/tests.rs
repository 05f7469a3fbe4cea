use annoscope_store::Kinds;

use super::*;
use crate::identity::rights::Denied;
use crate::identity::{Principal, Privilege, Role};

const NOW: &str = "2024-07-31T12:00:00.500Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_iso8601(text).unwrap()
}

fn check(query: &str) -> Result<ExportRequest, InvalidParameter> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    ExportQuery::from_pairs(pairs).check(at(NOW))
}

#[test]
fn the_range_is_the_contracts() {
    // (query, from, to)
    let cases = [
        ("", None, Some("2024-07-31T12:00:00.500000Z")),
        ("from=&to=", None, Some("2024-07-31T12:00:00.500000Z")),
        ("from=1970-01-01", Some("1970-01-01T00:00:00Z"), None),
        ("from=2020-01-01", Some("2020-01-01T00:00:00Z"), None),
        (
            "to=2020-01-01T01:00:00+01:00",
            None,
            Some("2020-01-01T00:00:00Z"),
        ),
        (
            "from=1970-01-01&to=2020-01-01",
            Some("1970-01-01T00:00:00Z"),
            Some("2020-01-01T00:00:00Z"),
        ),
        (
            "from=2020-01-01&to=2020-01-01",
            Some("2020-01-01T00:00:00Z"),
            Some("2020-01-01T00:00:00Z"),
        ),
        (
            "from=2020-01-01&from=2021-01-01",
            Some("2021-01-01T00:00:00Z"),
            None,
        ),
    ];
    for (query, from, to) in cases {
        let filter = check(query).unwrap().filter;
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        assert_eq!(text(filter.from).as_deref(), from, "{query}");
        assert_eq!(text(filter.to).as_deref(), to, "{query}");
    }
}

#[test]
fn every_other_parameter_is_understood() {
    let id = "01234567-89ab-cdef-0123-456789abcdef";
    let query = format!(
        "columns=remote_addr,scope&org_id=1&project_id=2&task_id=3&job_id=4&user_id=5&filename=a+b.csv&org=acme\
         &format=parquet&action=download&query_id={id}&location=local&cloud_storage_id="
    );
    assert_eq!(
        check(&query.replace('+', " ")).unwrap(),
        ExportRequest {
            filter: EventFilter {
                from: None,
                to: Some(at(NOW)),
                org_id: Some(1),
                project_id: Some(2),
                task_id: Some(3),
                job_id: Some(4),
                user_id: Some(5),
                kinds: Kinds::All,
                before: None,
            },
            columns: vec!["remote_addr", "scope"],
            format: Format::Parquet,
            file_name: "a b.csv".to_owned(),
            query_id: Some(Uuid::try_parse(id).unwrap()),
            is_download: true,
        }
    );
    let default = check("").unwrap();
    assert_eq!(default.file_name, "logs_2024_07_31_12_00_00.csv");
    assert_eq!(
        (default.format, default.query_id, default.is_download),
        (Format::Csv, None, false)
    );
}

#[test]
fn a_wrong_parameter_is_named() {
    let cases = [
        ("user_id=anna", "user_id"),
        ("user_id=-1", "user_id"),
        ("org_id=9223372036854775808", "org_id"),
        ("project_id=1.5", "project_id"),
        ("task_id=1 OR 1", "task_id"),
        ("job_id=0x1", "job_id"),
        ("from=yesterday", "from"),
        ("to=2024-13-01", "to"),
        ("from=2024/07/01", "from"),
        ("to=1 Jul 2024", "to"),
        ("columns=scope,position", "columns"),
        ("columns=scope,scope", "columns"),
        ("columns=scope,", "columns"),
        ("from=2024-07-02&to=2024-07-01", "from"),
        ("action=upload", "action"),
        ("filename=../x.csv", "filename"),
        ("filename=x", "filename"),
        ("format=xlsx", "format"),
        ("query_id=7", "query_id"),
        ("location=cloud_storage", "location"),
        ("location=moon", "location"),
        ("cloud_storage_id=3", "cloud_storage_id"),
    ];
    for (query, name) in cases {
        let refused = check(query).unwrap_err();
        assert_eq!(refused.name, name, "{query}");
        assert!(
            refused.to_string().starts_with(&format!("{name}: ")),
            "{refused}"
        );
    }
    let long = check(&format!("user_id={}", "x".repeat(10_000))).unwrap_err();
    assert!(
        long.problem.len() < 300,
        "the answer does not repeat it all"
    );
}

#[test]
fn rights_narrow_and_refuse() {
    let principal = Principal::for_testing;
    let user = principal(Privilege::User, None, None);
    let admin = principal(Privilege::Admin, None, None);
    let maintainer = principal(Privilege::User, Some(3), Some(Role::Maintainer));
    // (caller, query, user_id and org_id of the filter)
    let cases = [
        (&user, "", Ok((Some(7), None))),
        (&user, "user_id=7", Ok((Some(7), None))),
        (&user, "user_id=8", Err(Denied::ForeignUser)),
        (&admin, "", Ok((None, None))),
        (&admin, "user_id=8&org_id=3", Ok((Some(8), Some(3)))),
        (&maintainer, "user_id=8", Ok((Some(8), Some(3)))),
        (&maintainer, "org_id=4", Err(Denied::ForeignOrganization)),
    ];
    for (principal, query, expected) in cases {
        let narrowed = check(query).unwrap().narrow(principal);
        let kinds = match principal.privilege {
            Privilege::Admin => Kinds::Recorded,
            _ => Kinds::RecordedWithoutExceptions,
        };
        let filter = narrowed.map(|request| request.filter);
        if let Ok(filter) = &filter {
            assert_eq!(filter.kinds, kinds, "{query}");
        }
        let ids = filter.map(|filter| (filter.user_id, filter.org_id));
        assert_eq!(ids, expected, "{query}");
    }
}
