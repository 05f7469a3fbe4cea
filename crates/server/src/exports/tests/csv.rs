//! The CSV of exports is CVAT's, byte for byte.

use annoscope_events::{Event, Payload};

use super::{Fixture, NOON_MS, event, request};

const HEADER: &str = "scope,obj_name,obj_id,obj_val,source,timestamp,count,duration,project_id,\
                      task_id,job_id,user_id,user_name,user_email,org_id,org_slug,payload\r\n";

#[tokio::test]
async fn a_store_without_events_gives_the_header() {
    let fixture = Fixture::new();
    assert_eq!(fixture.export(request()).await, HEADER.as_bytes());
}

#[tokio::test]
async fn rows_are_byte_for_byte_those_of_cvat() {
    let fixture = Fixture::new();
    let full = Event {
        obj_name: Some("rectangle".to_owned()),
        obj_id: Some(i64::MAX),
        obj_val: Some("a, \"b\"".to_owned()),
        source: "server".into(),
        count: Some(65_535),
        duration: u32::MAX,
        project_id: Some(1),
        task_id: Some(0),
        job_id: Some(10),
        user_id: Some(100),
        user_name: Some("Jürgen 日本 😀".to_owned()),
        user_email: Some(String::new()),
        org_id: Some(7),
        org_slug: Some("acme".to_owned()),
        payload: Some(Payload::parse(r#"{"a":[1,2.50],"b":"é"}"#).unwrap()),
        ..event("draw:object", NOON_MS + 123)
    };
    let breaks = |text: &str, at_ms| Event {
        obj_val: Some(text.to_owned()),
        ..event("save:job", at_ms)
    };
    fixture
        .append(vec![
            event("load:cvat", NOON_MS + 1000),
            full,
            breaks("a\r\nb", NOON_MS + 2000),
            breaks("a\rb", NOON_MS + 3000),
            breaks("a\nb", NOON_MS + 4000),
            breaks(" =1+1; 'x'\t", NOON_MS + 5000),
            event("load:job", 0),
        ])
        .await;
    let expected = [
        HEADER,
        "load:job,,,,client,1970-01-01 00:00:00+00:00,,0,,,,,,,,,\r\n",
        "draw:object,rectangle,9223372036854775807,\"a, \"\"b\"\"\",server,\
         2024-07-01 12:00:00.123000+00:00,65535,4294967295,1,0,10,100,Jürgen 日本 😀,,7,acme,\
         \"{\"\"a\"\": [1, 2.50], \"\"b\"\": \"\"\\u00e9\"\"}\"\r\n",
        "load:cvat,,,,client,2024-07-01 12:00:01+00:00,,0,,,,,,,,,\r\n",
        "save:job,,,\"a\r\nb\",client,2024-07-01 12:00:02+00:00,,0,,,,,,,,,\r\n",
        "save:job,,,\"a\rb\",client,2024-07-01 12:00:03+00:00,,0,,,,,,,,,\r\n",
        "save:job,,,\"a\nb\",client,2024-07-01 12:00:04+00:00,,0,,,,,,,,,\r\n",
        "save:job,,, =1+1; 'x'\t,client,2024-07-01 12:00:05+00:00,,0,,,,,,,,,\r\n",
    ];
    let found = String::from_utf8(fixture.export(request()).await).unwrap();
    assert_eq!(found, expected.concat());
}

#[tokio::test]
async fn the_filter_narrows_and_its_bounds_are_inclusive() {
    let fixture = Fixture::new();
    let of_user = |user_id, at_ms| Event {
        user_id: Some(user_id),
        ..event("load:cvat", at_ms)
    };
    let events = (0..10).map(|i| of_user(i % 2, NOON_MS + i)).collect();
    fixture.append(events).await;
    let mut narrow = request();
    narrow.filter.user_id = Some(1);
    narrow.filter.from = Some(annoscope_events::Timestamp::from_millis(NOON_MS + 3));
    narrow.filter.to = Some(annoscope_events::Timestamp::from_millis(NOON_MS + 7));
    let csv = String::from_utf8(fixture.export(narrow).await).unwrap();
    let times: Vec<&str> = csv.lines().skip(1).map(|row| &row[40..43]).collect();
    assert_eq!(times, ["003", "005", "007"], "{csv}");
}
