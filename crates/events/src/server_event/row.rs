//! A row of the table as the event of a server: what comes in columns, and not as JSON.

use std::borrow::Cow;

use super::values::MAX_INTERVALS;
use super::{ClientHours, rename_claims};
use crate::event::{Event, Interval, Origin, StoredEvent};
use crate::payload::Payload;
use crate::scope::WORKING_TIME_SCOPE;
use crate::time::Timestamp;

/// A row as it was sent; what it does not say is `None`. Numbers may be more than the columns hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the event")]
pub struct ServerRow {
    pub scope: Option<String>,
    pub obj_name: Option<String>,
    pub obj_id: Option<i128>,
    pub obj_val: Option<String>,
    pub source: Option<String>,
    /// Ms since the epoch.
    pub timestamp_ms: Option<i64>,
    pub count: Option<i128>,
    pub duration: Option<i128>,
    pub project_id: Option<i128>,
    pub task_id: Option<i128>,
    pub job_id: Option<i128>,
    pub user_id: Option<i128>,
    pub user_name: Option<String>,
    pub user_email: Option<String>,
    pub org_id: Option<i128>,
    pub org_slug: Option<String>,
    pub payload: Option<String>,
    pub access_token_id: Option<i128>,
    pub remote_addr: Option<String>,
    /// Starts and ends in turn, ms since the epoch.
    pub counted_ms: Vec<i64>,
}

impl ServerRow {
    /// The event, and whether it claimed hours that were not counted: their key was renamed. The error says why
    /// it cannot be stored, and begins with the field.
    pub fn into_event(
        self,
        received_at: Timestamp,
        client_hours: ClientHours,
    ) -> Result<(StoredEvent, bool), String> {
        let scope = self.scope.unwrap_or_default();
        if scope.is_empty() {
            return Err("scope: missing or empty".to_owned());
        }
        let source = match self.source.as_deref() {
            None | Some("server" | "") => Cow::Borrowed("server"),
            Some("client") => Cow::Borrowed("client"),
            Some(other) => Cow::Owned(other.to_owned()),
        };
        let timestamp = self
            .timestamp_ms
            .map_or(received_at, Timestamp::from_millis);
        if !(Timestamp::EARLIEST..=Timestamp::LATEST).contains(&timestamp) {
            return Err("timestamp: not from 1900-01-01 to 2299-12-31".to_owned());
        }
        let intervals = intervals(&self.counted_ms)?;
        if !intervals.is_empty() && scope != WORKING_TIME_SCOPE {
            return Err(format!("counted_ms: only on {WORKING_TIME_SCOPE}"));
        }
        let mut payload = self.payload.map(Payload::as_sent);
        let claims_hours = rename_claims(&mut payload, &scope, &source, client_hours);
        // Intervals are hours that a server counted, and belong to them.
        let has_counted = source == "server" && !claims_hours;
        let count = within("count", self.count, i64::from(u16::MAX))?;
        let duration = within("duration", self.duration, i64::from(u32::MAX))?;
        let id = |name, id| within(name, id, i64::MAX);
        let event = Event {
            scope,
            obj_name: self.obj_name,
            obj_id: id("obj_id", self.obj_id)?,
            obj_val: self.obj_val,
            source,
            timestamp,
            count: count.map(|count| u16::try_from(count).expect("range was checked")),
            duration: u32::try_from(duration.unwrap_or(0)).expect("range was checked"),
            project_id: id("project_id", self.project_id)?,
            task_id: id("task_id", self.task_id)?,
            job_id: id("job_id", self.job_id)?,
            user_id: id("user_id", self.user_id)?,
            user_name: self.user_name,
            user_email: self.user_email,
            org_id: id("org_id", self.org_id)?,
            org_slug: self.org_slug,
            payload,
        };
        let stored = StoredEvent {
            event,
            intervals: if has_counted { intervals } else { Vec::new() },
            origin: Origin {
                access_token_id: id("access_token_id", self.access_token_id)?,
                remote_addr: self.remote_addr,
            },
        };
        Ok((stored, claims_hours))
    }
}

fn within(name: &str, value: Option<i128>, max: i64) -> Result<Option<i64>, String> {
    let Some(value) = value else {
        return Ok(None);
    };
    match i64::try_from(value) {
        Ok(value) if (0..=max).contains(&value) => Ok(Some(value)),
        _ => Err(format!("{name}: not from 0 to {max}")),
    }
}

/// Starts and ends in turn, each behind the one before it.
fn intervals(counted_ms: &[i64]) -> Result<Vec<Interval>, String> {
    let (pairs, rest) = counted_ms.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() > MAX_INTERVALS {
        return Err(format!(
            "counted_ms: not starts and ends in turn, at most {MAX_INTERVALS} of each"
        ));
    }
    let is_rising = counted_ms.is_sorted();
    let bounds = Timestamp::EARLIEST.millis()..=Timestamp::LATEST.millis();
    if !is_rising || counted_ms.iter().any(|ms| !bounds.contains(ms)) {
        return Err("counted_ms: not times in their order".to_owned());
    }
    let interval = |&[start_ms, end_ms]: &[i64; 2]| Interval { start_ms, end_ms };
    Ok(pairs.iter().map(interval).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server_event::{parse_server_body, server_event_json};

    const NOW: Timestamp = Timestamp::from_millis(1_719_835_200_000);

    fn row() -> ServerRow {
        ServerRow {
            scope: Some("create:task".to_owned()),
            timestamp_ms: Some(1_719_835_200_123),
            ..ServerRow::default()
        }
    }

    fn read(row: ServerRow) -> Result<(StoredEvent, bool), String> {
        row.into_event(NOW, ClientHours::Claimed)
    }

    #[test]
    fn a_row_is_the_event_that_the_ingest_port_reads() {
        let payload = r#"{"working_time": 5, "a": "\u00e4"}"#;
        let rows = [
            row(),
            ServerRow {
                source: Some("client".to_owned()),
                obj_id: Some(i128::from(i64::MAX)),
                count: Some(65_535),
                duration: Some(4_294_967_295),
                payload: Some(payload.to_owned()),
                remote_addr: Some("10.0.0.1".to_owned()),
                access_token_id: Some(3),
                ..row()
            },
            ServerRow {
                scope: Some(WORKING_TIME_SCOPE.to_owned()),
                payload: Some(r#"{"working_time":5}"#.to_owned()),
                counted_ms: vec![1_719_835_100_000, 1_719_835_100_005],
                ..row()
            },
        ];
        for row in rows {
            let (stored, claims_hours) = read(row.clone()).unwrap();
            let mut json = Vec::new();
            server_event_json(&stored, &mut json);
            let mut events = parse_server_body(&json, NOW, ClientHours::Claimed).unwrap();
            let event = events.remove(0).unwrap();
            assert_eq!(event.stored, stored);
            let has_claim = row.source.as_deref() == Some("client");
            assert_eq!(claims_hours, has_claim, "{row:?}");
        }
    }

    #[test]
    fn what_can_never_be_stored_is_named() {
        let cases = [
            (
                ServerRow {
                    scope: None,
                    ..row()
                },
                "scope: missing or empty",
            ),
            (
                ServerRow {
                    obj_id: Some(1 << 63),
                    ..row()
                },
                "obj_id: not from 0 to 9223372036854775807",
            ),
            (
                ServerRow {
                    duration: Some(-1),
                    ..row()
                },
                "duration: not from 0 to 4294967295",
            ),
            (
                ServerRow {
                    timestamp_ms: Some(i64::MAX / 2),
                    ..row()
                },
                "timestamp: not from 1900-01-01 to 2299-12-31",
            ),
            (
                ServerRow {
                    counted_ms: vec![1, 2],
                    ..row()
                },
                "counted_ms: only on send:working_time",
            ),
            (
                ServerRow {
                    counted_ms: vec![2, 1],
                    ..row()
                },
                "counted_ms: not times in their order",
            ),
        ];
        for (row, expected) in cases {
            assert_eq!(read(row).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_row_without_a_time_has_that_of_its_receipt() {
        let row = ServerRow {
            timestamp_ms: None,
            ..row()
        };
        assert_eq!(read(row).unwrap().0.event.timestamp, NOW);
    }
}
