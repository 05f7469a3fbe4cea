//! A project's done and scope lines and the forecast of its end, asked of the store with the rights of who asks.

use std::collections::BTreeMap;

use annoscope_forecast::{Forecast, NoForecast, WorkingDay, forecast};
use annoscope_query::{Access, Engine, QueryError};
use annoscope_sql::Context;
use arrow::array::RecordBatch;

use crate::query_rows::{self, integer};

/// Most jobs of a project.
const MOST_JOBS: u64 = 1_000_000;

/// Which project, and when a job of it is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) project_id: u32,
    /// Whether a job that is completed in the stage annotation is done, too: for teams without review.
    pub(crate) completed_is_done: bool,
    /// The day that is not over, days since the epoch in the zone of the context.
    pub(crate) today: i64,
}

/// Frames of annotation jobs by day, and the end.
#[derive(Debug)]
pub(crate) struct ProjectForecast {
    /// Days on which something changed, in order.
    pub(crate) lines: Vec<LinePoint>,
    /// Jobs of which no event tells how many frames they have: they are in no line.
    pub(crate) n_without_frames: u64,
    pub(crate) forecast: Result<Forecast, NoForecast>,
}

/// Where the lines are at the end of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinePoint {
    /// Days since the epoch.
    pub(crate) day: i64,
    /// Frames that are done.
    pub(crate) done: u64,
    /// Frames that there are, but those of jobs that were deleted before they were done.
    pub(crate) scope: u64,
}

impl LinePoint {
    /// Frames that are not done.
    pub(crate) fn remaining(self) -> u64 {
        self.scope.saturating_sub(self.done)
    }
}

/// A job's frames and its days.
#[derive(Clone, Copy, Debug)]
struct Job {
    frames: u64,
    /// Of the first event that tells of it.
    known: i64,
    done: Option<i64>,
    deleted: Option<i64>,
}

/// Asks for a project's lines and forecasts its end.
pub(crate) async fn of_project(
    engine: &Engine,
    question: Question,
    context: Context,
    access: &Access,
) -> Result<ProjectForecast, QueryError> {
    let batches = query_rows::ask(engine, sql(question), context, MOST_JOBS, access).await?;
    let jobs: Vec<Job> = batches.iter().flat_map(jobs_of).collect();
    Ok(of_jobs(&jobs, question))
}

fn sql(question: Question) -> String {
    let is_done = if question.completed_is_done {
        "decision = 'accepted' OR state_after = 'completed'"
    } else {
        "decision = 'accepted'"
    };
    let number = "dateDiff('day', toDate('1970-01-01'), day)";
    format!(
        "SELECT toInt64(max(frames)), min({number}), minIf({number}, {is_done}), toInt64(countIf({is_done})), \
         minIf({number}, change = 'deleted'), toInt64(countIf(change = 'deleted')) \
         FROM job_transitions WHERE project_id = {} AND type = 'annotation' GROUP BY job_id",
        question.project_id
    )
}

fn jobs_of(batch: &RecordBatch) -> Vec<Job> {
    let job = |row| {
        let number = |column| integer(batch, column, row);
        let if_any = |day, count| number(day).filter(|_| number(count) > Some(0));
        Some(Job {
            frames: u64::try_from(number(0)?).unwrap_or_default(),
            known: number(1)?,
            done: if_any(2, 3),
            deleted: if_any(4, 5),
        })
    };
    (0..batch.num_rows()).filter_map(job).collect()
}

fn of_jobs(jobs: &[Job], question: Question) -> ProjectForecast {
    // By day: frames done, added, removed.
    let mut days: BTreeMap<i64, (u64, u64, u64)> = BTreeMap::new();
    for job in jobs {
        days.entry(job.known).or_default().1 += job.frames;
        match (job.done, job.deleted) {
            (Some(done), _) => days.entry(done).or_default().0 += job.frames,
            (None, Some(deleted)) => days.entry(deleted).or_default().2 += job.frames,
            (None, None) => {}
        }
    }
    let lines: Vec<LinePoint> = days
        .iter()
        .scan(LinePoint::default(), |at, (day, (done, added, removed))| {
            *at = LinePoint {
                day: *day,
                done: at.done + done,
                scope: at.scope + added - removed,
            };
            Some(*at)
        })
        .collect();
    let working_days: Vec<WorkingDay> = days
        .iter()
        .map(|(day, (frames, _, _))| WorkingDay {
            day: *day,
            frames: *frames,
        })
        .collect();
    let remaining = lines.last().map_or(0, |last| last.remaining());
    // The same answer as long as nothing changes.
    let seed = u64::from(question.project_id);
    ProjectForecast {
        forecast: forecast(&working_days, remaining, question.today, seed),
        n_without_frames: jobs.iter().filter(|job| job.frames == 0).count() as u64,
        lines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn job(frames: u64, known: i64, done: Option<i64>, deleted: Option<i64>) -> Job {
        Job {
            frames,
            known,
            done,
            deleted,
        }
    }

    #[test]
    fn lines_are_of_what_was_done_and_of_what_there_is() {
        let jobs = [
            job(100, 10, Some(12), None),
            job(50, 10, None, None),
            // Deleted before it was done: it is out of the scope.
            job(30, 11, None, Some(13)),
            // Deleted after it was done: it was done all the same.
            job(20, 11, Some(13), Some(14)),
            job(0, 11, Some(13), None),
        ];
        let question = Question {
            project_id: 1,
            completed_is_done: false,
            today: 15,
        };
        let told = of_jobs(&jobs, question);
        let lines: Vec<_> = told
            .lines
            .iter()
            .map(|point| (point.day, point.done, point.scope))
            .collect();
        assert_eq!(
            lines,
            [(10, 0, 150), (11, 0, 200), (12, 100, 200), (13, 120, 170)]
        );
        assert_eq!(told.lines.last().unwrap().remaining(), 50);
        assert_eq!(told.n_without_frames, 1);
        assert_eq!(told.forecast, Err(NoForecast::TooFewDays(2)));
    }
}
