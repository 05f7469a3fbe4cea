//! `GET /api/explain`: why a person's time was counted or not.

use annoscope_events::{GAP_LIMIT_MS, Gap, Ids, Interval, Timestamp, Verdict};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::query::instant::{self, End};
use crate::clock;
use crate::explanation::{self, Booked, Explanation, SeenEvent, Stretch};
use crate::http::error::ApiError;
use crate::http::extract::VisibleRows;
use crate::http::state::AppState;
use crate::identity::Principal;

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(explain))
}

/// Events of an answer unless `limit` says otherwise, and the most that it may say.
const LIMIT: usize = 2_000;
const MOST_LIMIT: usize = 10_000;

/// The longest stretch: two days, so that each zone's day is within.
const MOST_MS: i64 = 2 * 86_400_000;

/// Which stretch.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StretchQuery {
    /// Whose time; the caller's own by default.
    user_id: Option<u32>,
    /// Its first instant: ms since the epoch, RFC 3339, or as `now-6h`.
    from: String,
    /// Where it ends; now by default. At most 48 hours behind `from`.
    to: Option<String>,
    /// Most events, 2,000 by default and at most 10,000: of more, the first are explained, and `until_ms` says up to
    /// when.
    limit: Option<usize>,
}

/// What was done and what was counted, in time order.
#[derive(Serialize, ToSchema)]
struct ExplanationAnswer {
    user_id: i64,
    from_ms: i64,
    /// Up to when it is explained.
    until_ms: i64,
    /// Whether that is all that was asked for; else ask on from `until_ms`.
    is_whole: bool,
    /// A gap between two activities counts if it is shorter, ms: CVAT's rule.
    gap_limit_ms: i64,
    /// Hours of the stretch, ms: the sum of the gaps' `counted_ms`.
    counted_ms: i64,
    /// How much of them was counted already, ms.
    twice_ms: i64,
    /// Hours that came without intervals, ms: they are part of no gap.
    booked_ms: i64,
    steps: Vec<Step>,
}

#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Step {
    /// Something that was done.
    Event {
        timestamp_ms: i64,
        /// How long it took, ms. It counts for `change:frame` alone.
        duration_ms: i64,
        scope: String,
        /// `client` for what a browser told.
        source: String,
        obj_name: Option<String>,
        count: Option<i64>,
        #[serde(flatten)]
        ids: StepIds,
        /// Whether working time goes by it: by browsers' events alone.
        is_activity: bool,
    },
    /// The time up to the next activity.
    Gap {
        from_ms: i64,
        until_ms: i64,
        /// How long it is in truth, ms, where it goes beyond the stretch; null where no activity is within a day.
        whole_ms: Option<i64>,
        /// `counted`, `overlapping` (some of it more than once), `too_long`, `in_part` (an activity that is not
        /// stored began or ended it), `not_counted` (short, but no hours were computed of it).
        verdict: &'static str,
        counted_ms: i64,
        twice_ms: i64,
        /// What it was counted for.
        counted_for: Vec<CountedFor>,
    },
    /// Hours of a row without intervals, counted whole at their time.
    Booked {
        timestamp_ms: i64,
        hours_ms: i64,
        #[serde(flatten)]
        ids: StepIds,
    },
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "they are the columns' names")]
struct StepIds {
    job_id: Option<i64>,
    task_id: Option<i64>,
    project_id: Option<i64>,
}

#[derive(Serialize, ToSchema)]
struct CountedFor {
    #[serde(flatten)]
    ids: StepIds,
    counted_ms: i64,
}

/// Explains a person's time: what was done in a stretch, and of each gap between two activities whether it was
/// counted and why.
///
/// What was counted is what rows of working time hold, so the answer adds up to the hours that the timesheet shows.
/// Who sees own rows only has own time explained; of others' there is nothing to see.
#[utoipa::path(
    get,
    path = "/api/explain",
    operation_id = "explain_working_time",
    tag = "queries",
    params(StretchQuery),
    responses(
        (status = 200, description = "Events and gaps", body = ExplanationAnswer),
        (status = 400, description = "Which parameter is wrong, and how"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not query"),
        (status = 503, description = "Other queries occupy the server: try again after `Retry-After` seconds"),
    )
)]
async fn explain(
    State(state): State<AppState>,
    principal: Principal,
    VisibleRows(rows): VisibleRows,
    query: Result<Query<StretchQuery>, QueryRejection>,
) -> Result<Json<ExplanationAnswer>, ApiError> {
    let now = clock::now();
    let Query(query) = query.map_err(|error| ApiError::BadDocument {
        detail: error.body_text(),
    })?;
    let stretch = stretch(&query, principal.user.id, now)?;
    let access = principal.access(rows);
    let explanation = explanation::explain(&state.engine, stretch, &access, now).await?;
    Ok(Json(ExplanationAnswer::of(stretch, explanation)))
}

fn stretch(query: &StretchQuery, own_id: i64, now: Timestamp) -> Result<Stretch, ApiError> {
    let bad = |field: &str, what: &str| ApiError::BadDocument {
        detail: format!("{field}: {what}"),
    };
    let instant = |field, text: &str, end| {
        let found = instant::parse(text, end, now);
        found.ok_or_else(|| bad(field, &format!("must be {}", instant::FORMS)))
    };
    let start_ms = instant("from", &query.from, End::First)?;
    let end_ms = match &query.to {
        Some(to) => instant("to", to, End::Last)?,
        None => now.millis(),
    };
    if end_ms < start_ms {
        return Err(bad("to", "is before from"));
    }
    if end_ms.saturating_sub(start_ms) > MOST_MS {
        return Err(bad(
            "to",
            "is more than 48 hours behind from: ask day by day",
        ));
    }
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=MOST_LIMIT).contains(&limit) {
        return Err(bad("limit", "is a number from 1 to 10000"));
    }
    Ok(Stretch {
        user_id: query.user_id.map_or(own_id, i64::from),
        within: Interval { start_ms, end_ms },
        limit,
    })
}

impl ExplanationAnswer {
    fn of(stretch: Stretch, explanation: Explanation) -> ExplanationAnswer {
        let Explanation {
            within,
            events,
            gaps,
            booked,
        } = explanation;
        let sum = |of: fn(&Gap) -> i64| gaps.iter().map(of).sum();
        let mut answer = ExplanationAnswer {
            user_id: stretch.user_id,
            from_ms: within.start_ms,
            until_ms: within.end_ms,
            is_whole: within.end_ms == stretch.within.end_ms,
            gap_limit_ms: GAP_LIMIT_MS,
            counted_ms: sum(|gap| gap.counted_ms),
            twice_ms: sum(|gap| gap.twice_ms),
            booked_ms: booked.iter().map(|booked| booked.hours_ms).sum(),
            steps: Vec::new(),
        };
        // At one moment: what was done, what was booked, what came then.
        let events = events
            .into_iter()
            .map(|event| (event.timestamp_ms, Step::from(event)));
        let booked = booked
            .into_iter()
            .map(|booked| (booked.timestamp_ms, Step::from(booked)));
        let gaps = gaps
            .into_iter()
            .map(|gap| (gap.span.start_ms, Step::from(gap)));
        let mut steps: Vec<(i64, Step)> = events.chain(booked).chain(gaps).collect();
        steps.sort_by_key(|(at_ms, _)| *at_ms);
        answer.steps = steps.into_iter().map(|(_, step)| step).collect();
        answer
    }
}

impl From<SeenEvent> for Step {
    fn from(event: SeenEvent) -> Step {
        let is_activity = event.is_activity();
        Step::Event {
            timestamp_ms: event.timestamp_ms,
            duration_ms: event.duration_ms,
            scope: event.scope,
            source: event.source,
            obj_name: event.obj_name,
            count: event.count,
            ids: event.ids.into(),
            is_activity,
        }
    }
}

impl From<Gap> for Step {
    fn from(gap: Gap) -> Step {
        let counted_for = gap.by_ids.into_iter().map(|(ids, counted_ms)| CountedFor {
            ids: ids.into(),
            counted_ms,
        });
        Step::Gap {
            from_ms: gap.span.start_ms,
            until_ms: gap.span.end_ms,
            whole_ms: gap.whole_ms,
            verdict: match gap.verdict {
                Verdict::Counted => "counted",
                Verdict::Overlapping => "overlapping",
                Verdict::TooLong => "too_long",
                Verdict::InPart => "in_part",
                Verdict::NotCounted => "not_counted",
            },
            counted_ms: gap.counted_ms,
            twice_ms: gap.twice_ms,
            counted_for: counted_for.collect(),
        }
    }
}

impl From<Booked> for Step {
    fn from(booked: Booked) -> Step {
        Step::Booked {
            timestamp_ms: booked.timestamp_ms,
            hours_ms: booked.hours_ms,
            ids: booked.ids.into(),
        }
    }
}

impl From<Ids> for StepIds {
    fn from(ids: Ids) -> StepIds {
        let Ids {
            job_id,
            task_id,
            project_id,
        } = ids;
        StepIds {
            job_id,
            task_id,
            project_id,
        }
    }
}
