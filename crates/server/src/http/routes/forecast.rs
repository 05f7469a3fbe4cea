//! `GET /api/forecast`: when a project will be done.

use annoscope_forecast::{FEWEST_DAYS, Forecast, HORIZON_DAYS, NoForecast};
use annoscope_sql::Context;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::clock;
use crate::http::error::ApiError;
use crate::http::extract::VisibleRows;
use crate::http::state::AppState;
use crate::identity::Principal;
use crate::project_forecast::{self, ProjectForecast, Question};

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(forecast))
}

/// Which project.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ForecastQuery {
    /// Of its annotation jobs; ground truth and consensus jobs are left out.
    project_id: u32,
    /// The time zone of days, UTC by default.
    timezone: Option<String>,
    /// When a job is done: `accepted` by a review, which is the default, or `completed` by its annotator as well, for
    /// teams without reviews.
    done: Option<String>,
}

/// A project's frames by day, and when all will be done.
#[derive(Serialize, ToSchema)]
struct ForecastAnswer {
    project_id: u32,
    /// Days on which something changed.
    lines: Vec<LineAnswer>,
    done_frames: u64,
    scope_frames: u64,
    remaining_frames: u64,
    /// Jobs of which no event tells how many frames they have: they are in none of the numbers.
    jobs_without_frames: u64,
    /// Half of 1,000 simulated ends are by this day, as 2026-12-24; null where there is none to tell.
    p50: Option<String>,
    /// Nine in ten of them.
    p90: Option<String>,
    /// Working days that it is drawn from, the latest 20 at most.
    working_days: usize,
    /// Why there is no day, or no second one.
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct LineAnswer {
    day: String,
    /// Frames of done jobs up to its end.
    done: u64,
    /// Frames of all jobs, but those that were deleted before they were done.
    scope: u64,
}

/// Forecasts when a project will be done, from its last working days: a bootstrap, with its uncertainty.
///
/// It needs the events of the whole project, so it is for those who see them.
#[utoipa::path(
    get,
    path = "/api/forecast",
    operation_id = "forecast_project",
    tag = "queries",
    params(ForecastQuery),
    responses(
        (status = 200, description = "Lines and days", body = ForecastAnswer),
        (status = 400, description = "Which parameter is wrong, and how"),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You may not query, or see your own events only"),
        (status = 503, description = "Other queries occupy the server: try again after `Retry-After` seconds"),
    )
)]
async fn forecast(
    State(state): State<AppState>,
    principal: Principal,
    VisibleRows(rows): VisibleRows,
    query: Result<Query<ForecastQuery>, QueryRejection>,
) -> Result<Json<ForecastAnswer>, ApiError> {
    let bad = |message: String| ApiError::BadDocument { detail: message };
    let Query(query) = query.map_err(|error| bad(error.body_text()))?;
    if rows.user_id.is_some() {
        return Err(ApiError::Forbidden {
            detail: "A forecast is of a whole project, and you see your own events only."
                .to_owned(),
        });
    }
    let completed_is_done = match query.done.as_deref() {
        None | Some("accepted") => false,
        Some("completed") => true,
        Some(_) => return Err(bad("done: must be accepted or completed".to_owned())),
    };
    let zone = query.timezone.unwrap_or_else(|| "UTC".to_owned());
    let time_zone = TimeZone::get(&zone)
        .map_err(|_| bad("timezone: must be a time zone such as Europe/Berlin".to_owned()))?;
    let now = clock::now();
    let question = Question {
        project_id: query.project_id,
        completed_is_done,
        today: today(now.millis(), time_zone),
    };
    let context = Context {
        now_ms: now.millis(),
        settings: vec![("session_timezone".to_owned(), zone)],
        ..Context::default()
    };
    let access = principal.access(rows);
    let told = project_forecast::of_project(&state.engine, question, context, &access).await?;
    Ok(Json(ForecastAnswer::of(question, &told)))
}

/// Days since the epoch.
fn today(now_ms: i64, zone: TimeZone) -> i64 {
    let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    let date = now.to_zoned(zone).date();
    i64::from(EPOCH.until(date).map_or(0, |span| span.get_days()))
}

const EPOCH: Date = Date::constant(1970, 1, 1);

/// As 2026-12-24.
fn text_of(day: i64) -> String {
    let span = jiff::Span::new().try_days(day);
    let date = span.and_then(|span| EPOCH.checked_add(span));
    date.map_or_else(|_| String::new(), |date| date.to_string())
}

impl ForecastAnswer {
    fn of(question: Question, told: &ProjectForecast) -> ForecastAnswer {
        let last = told.lines.last().copied().unwrap_or_default();
        let (days, working_days, reason) = match told.forecast {
            Ok(Forecast { p50, p90, n_days }) => {
                let is_late = p90.is_none();
                let late = || format!("It is more than {} years ahead.", HORIZON_DAYS / 365);
                ((p50, p90), n_days, is_late.then(late))
            }
            Err(NoForecast::Done) => ((None, None), 0, Some("Nothing remains.".to_owned())),
            Err(NoForecast::TooFewDays(n)) => {
                let reason =
                    format!("{n} days with a done frame are too few: {FEWEST_DAYS} are needed.");
                ((None, None), n, Some(reason))
            }
        };
        ForecastAnswer {
            project_id: question.project_id,
            lines: told
                .lines
                .iter()
                .map(|point| LineAnswer {
                    day: text_of(point.day),
                    done: point.done,
                    scope: point.scope,
                })
                .collect(),
            done_frames: last.done,
            scope_frames: last.scope,
            remaining_frames: last.remaining(),
            jobs_without_frames: told.n_without_frames,
            p50: days.0.map(text_of),
            p90: days.1.map(text_of),
            working_days,
            reason,
        }
    }
}
