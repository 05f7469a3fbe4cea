use annoscope_events::{ClientHours, parse_server_body};
use annoscope_store::{Position, rows_of};
use annoscope_test_support::{NOW, event};

use super::*;
use crate::dead_letter;

#[test]
fn what_is_set_aside_can_be_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let dead_letters = DeadLetter::open(dir.path(), 1 << 20).unwrap();
    let rejected = RejectedBatches {
        dead_letters: Arc::new(dead_letters),
    };
    let sent = vec![event(0, 1), event(1, 2)];
    let record = Record {
        rows: rows_of(&sent, NOW, Uuid::nil()),
        hashes: Vec::new(),
        received_at: NOW,
        request_id: Uuid::nil(),
    };
    let entry = Entry {
        from: Position(7),
        record: record.encode().into(),
    };
    rejected.keep(&entry, "no such column").unwrap();

    let lines = dead_letter::read(&dir.path().join(dead_letter::FILE)).unwrap();
    assert_eq!(lines.len(), 2);
    for (line, sent) in lines.iter().zip(&sent) {
        let line: Value = serde_json::from_slice(&line.text).unwrap();
        assert_eq!(
            line["reason"],
            "the database refused the batch: no such column"
        );
        let body = serde_json::to_vec(&json!([line["event"]])).unwrap();
        let read = parse_server_body(&body, NOW, ClientHours::Legacy).unwrap();
        let read = read.into_iter().next().unwrap().unwrap();
        assert_eq!(read.stored.event, sent.event);
    }
}
