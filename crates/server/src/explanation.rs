//! A stretch of a person's time explained: what was done, and what was counted between, asked of the store with the
//! rights of who asks.

use annoscope_events::{Gap, Ids, Interval, Timestamp, explain_gaps};
use annoscope_query::{Access, Engine, QueryError};
use annoscope_sql::Context;
use arrow::array::RecordBatch;

use crate::query_rows::{self, integer, text};

/// What is to be explained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    /// Whose time.
    pub(crate) user_id: i64,
    /// When.
    pub(crate) within: Interval,
    /// Most events.
    pub(crate) limit: usize,
}

/// The answer. What was counted of the gaps adds up to the hours of the stretch that have intervals.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// What is explained: less than was asked where it had more events than the limit.
    pub(crate) within: Interval,
    /// In time order.
    pub(crate) events: Vec<SeenEvent>,
    /// One after the other, without a break.
    pub(crate) gaps: Vec<Gap>,
    /// Hours that came without intervals: they are counted whole at their time.
    pub(crate) booked: Vec<Booked>,
}

/// An event of the person.
#[derive(Clone, Debug)]
pub(crate) struct SeenEvent {
    /// When, ms since the epoch.
    pub(crate) timestamp_ms: i64,
    pub(crate) duration_ms: i64,
    pub(crate) scope: String,
    pub(crate) source: String,
    pub(crate) obj_name: Option<String>,
    pub(crate) count: Option<i64>,
    /// What it was done for.
    pub(crate) ids: Ids,
}

/// A row of working time without intervals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Booked {
    /// When, ms since the epoch.
    pub(crate) timestamp_ms: i64,
    /// How much, ms.
    pub(crate) hours_ms: i64,
    /// What for.
    pub(crate) ids: Ids,
}

/// How far before and behind a stretch its neighbours are looked for, ms: a gap of this length is too long, whatever
/// ends it.
const NEIGHBOURS_MS: i64 = 86_400_000;

/// Most intervals and most rows without any.
const MOST_ROWS: u64 = 100_000;

impl SeenEvent {
    /// Whether working time goes by it: browsers' events alone do.
    pub(crate) fn is_activity(&self) -> bool {
        self.source == "client"
    }

    fn span(&self) -> Interval {
        let lasts_ms = if self.scope == annoscope_events::COMPRESSED_SCOPE {
            self.duration_ms
        } else {
            0
        };
        Interval {
            start_ms: self.timestamp_ms,
            end_ms: self.timestamp_ms.saturating_add(lasts_ms),
        }
    }
}

/// Explains a stretch to who may see these rows.
pub(crate) async fn explain(
    engine: &Engine,
    stretch: Stretch,
    access: &Access,
    now: Timestamp,
) -> Result<Explanation, QueryError> {
    let ask = async |sql: String, limit| {
        let context = Context {
            now_ms: now.millis(),
            ..Context::default()
        };
        query_rows::ask(engine, sql, context, limit, access).await
    };
    let mut events = seen_events(&ask(events_sql(stretch), stretch.limit as u64 + 1).await?);
    let within = cut(&mut events, stretch);
    let neighbours = ask(neighbours_sql(stretch.user_id, within), 1).await?;
    let counted = ask(counted_sql(stretch.user_id, within), MOST_ROWS).await?;
    let booked = ask(booked_sql(stretch.user_id, within), MOST_ROWS).await?;
    let activities = events.iter().filter(|event| event.is_activity());
    let activities: Vec<Interval> = activities
        .map(SeenEvent::span)
        .chain(moments(&neighbours))
        .collect();
    let counted: Vec<(Ids, Interval)> = counted.iter().flat_map(counted_of).collect();
    Ok(Explanation {
        within,
        gaps: explain_gaps(&activities, &counted, within),
        events,
        booked: booked.iter().flat_map(booked_of).collect(),
    })
}

/// Takes the last events away where there are more than the limit; what is explained then ends before them.
fn cut(events: &mut Vec<SeenEvent>, stretch: Stretch) -> Interval {
    let Some(first_over) = events.get(stretch.limit) else {
        return stretch.within;
    };
    let first_ms = events[0].timestamp_ms;
    // All events of one moment are on one side, so that it can be asked on from there.
    let end_ms = first_over.timestamp_ms.max(first_ms + 1);
    events.retain(|event| event.timestamp_ms < end_ms);
    Interval {
        end_ms,
        ..stretch.within
    }
}

fn events_sql(
    Stretch {
        user_id, within, ..
    }: Stretch,
) -> String {
    let time = during(within);
    format!(
        "SELECT toUnixTimestamp64Milli(timestamp), toInt64(duration), scope, source, obj_name, toInt64(count), \
         toInt64(job_id), toInt64(task_id), toInt64(project_id) \
         FROM events WHERE {time} AND user_id = {user_id} AND scope != 'send:working_time' ORDER BY timestamp, source, scope"
    )
}

/// The last activity before, its end, and the first one behind.
fn neighbours_sql(user_id: i64, within: Interval) -> String {
    let around = during(Interval {
        start_ms: within.start_ms.saturating_sub(NEIGHBOURS_MS),
        end_ms: within.end_ms.saturating_add(NEIGHBOURS_MS),
    });
    let Interval { start_ms, end_ms } = within;
    format!(
        "SELECT maxIf(at_ms, at_ms < {start_ms}), maxIf(until_ms, at_ms < {start_ms}), minIf(at_ms, at_ms >= {end_ms}), \
         toInt64(countIf(at_ms < {start_ms})), toInt64(countIf(at_ms >= {end_ms})) \
         FROM (SELECT toUnixTimestamp64Milli(timestamp) AS at_ms, at_ms + if(scope = 'change:frame', toInt64(duration), 0) AS until_ms \
         FROM events WHERE {around} AND user_id = {user_id} AND source = 'client')"
    )
}

fn counted_sql(user_id: i64, Interval { start_ms, end_ms }: Interval) -> String {
    format!(
        "SELECT toInt64(job_id), toInt64(task_id), toInt64(project_id), started_ms, ended_ms FROM intervals \
         WHERE ended_ms > {start_ms} AND started_ms < {end_ms} AND user_id = {user_id} AND has_intervals = 1 ORDER BY started_ms"
    )
}

fn booked_sql(user_id: i64, Interval { start_ms, end_ms }: Interval) -> String {
    format!(
        "SELECT toInt64(job_id), toInt64(task_id), toInt64(project_id), started_ms, ms FROM intervals \
         WHERE started_ms >= {start_ms} AND started_ms < {end_ms} AND user_id = {user_id} AND has_intervals = 0 ORDER BY started_ms"
    )
}

fn during(Interval { start_ms, end_ms }: Interval) -> String {
    format!(
        "timestamp >= fromUnixTimestamp64Milli(toInt64({start_ms})) AND timestamp < fromUnixTimestamp64Milli(toInt64({end_ms}))"
    )
}

fn seen_events(batches: &[RecordBatch]) -> Vec<SeenEvent> {
    let of = |batch: &RecordBatch| -> Vec<SeenEvent> {
        let event = |row| SeenEvent {
            timestamp_ms: integer(batch, 0, row).unwrap_or_default(),
            duration_ms: integer(batch, 1, row).unwrap_or_default(),
            scope: text(batch, 2, row).unwrap_or_default(),
            source: text(batch, 3, row).unwrap_or_default(),
            obj_name: text(batch, 4, row),
            count: integer(batch, 5, row),
            ids: ids(batch, 6, row),
        };
        (0..batch.num_rows()).map(event).collect()
    };
    batches.iter().flat_map(of).collect()
}

fn moments(batches: &[RecordBatch]) -> Vec<Interval> {
    let moment = |batch, column, count| {
        let at_ms = integer(batch, column, 0)?;
        let is_there = integer(batch, count, 0)? > 0;
        is_there.then_some(Interval {
            start_ms: at_ms,
            end_ms: at_ms,
        })
    };
    let of = |batch| [(0, 3), (1, 3), (2, 4)].map(|(column, count)| moment(batch, column, count));
    batches.iter().flat_map(of).flatten().collect()
}

fn counted_of(batch: &RecordBatch) -> Vec<(Ids, Interval)> {
    let interval = |row| {
        let start_ms = integer(batch, 3, row)?;
        let end_ms = integer(batch, 4, row)?;
        Some((ids(batch, 0, row), Interval { start_ms, end_ms }))
    };
    (0..batch.num_rows()).filter_map(interval).collect()
}

fn booked_of(batch: &RecordBatch) -> Vec<Booked> {
    let booked = |row| {
        Some(Booked {
            timestamp_ms: integer(batch, 3, row)?,
            hours_ms: integer(batch, 4, row)?,
            ids: ids(batch, 0, row),
        })
    };
    (0..batch.num_rows()).filter_map(booked).collect()
}

/// Job, task and project, in three columns from `first` on.
fn ids(batch: &RecordBatch, first: usize, row: usize) -> Ids {
    Ids {
        job_id: integer(batch, first, row),
        task_id: integer(batch, first + 1, row),
        project_id: integer(batch, first + 2, row),
    }
}
