//! Reviews: what becomes of a job that was handed in. The next colleague of the list accepts it, or rejects it once.

use serde_json::json;

use crate::annotator::Annotator;
use crate::page::Outbox;
use crate::plan::Plan;

/// A job that waits for somebody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// Which one.
    job: usize,
    /// Its next step comes from then on, ms.
    due_ms: i64,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The colleague decides.
    Review { is_first: bool },
    /// Its annotator looks into it again.
    Rework,
    /// And hands it in again.
    HandIn,
}

const MINUTE_MS: i64 = 60_000;

/// Of 1,000 jobs so many are accepted at once.
const ACCEPTED_AT_ONCE: u64 = 720;

impl Annotator {
    /// The job at hand waits for a review.
    pub(super) fn hand_in(&mut self, plan: &Plan) {
        if let Some(job) = self.job(plan)
            && self.reviewer(plan).is_some()
        {
            let due_ms = self.later_ms(30, 20 * 60);
            let step = Step::Review { is_first: true };
            self.waiting.push_back(Waiting { job, due_ms, step });
        }
    }

    /// Does the next step of the job that waited longest, if it is due and no other job is looked at.
    pub(super) fn go_on_with_reviews(&mut self, plan: &Plan, outbox: &mut Outbox) {
        let Some(Waiting { job, due_ms, step }) = self.waiting.front().copied() else {
            return;
        };
        if self.visit.is_some() || due_ms > self.now_ms {
            return;
        }
        self.waiting.pop_front();
        let next = match step {
            Step::Review { is_first } => self.review(job, is_first, plan, outbox),
            Step::Rework => {
                self.leave_job(plan, outbox);
                let n_actions = self.chance.between(8, 40) as u32;
                self.visit = Some((job, n_actions));
                self.open_job(plan, outbox);
                Some((Step::HandIn, self.later_ms(60, 240)))
            }
            Step::HandIn => {
                let values = ["annotation", "validation"].map(|stage| json!({ "stage": stage }));
                self.update_job_by(self.person, job, values, plan, outbox);
                Some((Step::Review { is_first: false }, self.later_ms(30, 600)))
            }
        };
        if let Some((step, due_ms)) = next {
            self.waiting.push_back(Waiting { job, due_ms, step });
        }
    }

    fn review(
        &mut self,
        job: usize,
        is_first: bool,
        plan: &Plan,
        outbox: &mut Outbox,
    ) -> Option<(Step, i64)> {
        let reviewer = self.reviewer(plan)?;
        let is_accepted = !is_first || self.chance.per_mille(ACCEPTED_AT_ONCE);
        let before = json!({ "stage": "validation", "state": "new" });
        let after = if is_accepted {
            json!({ "stage": "acceptance", "state": "completed" })
        } else {
            json!({ "stage": "annotation", "state": "rejected" })
        };
        self.update_job_by(reviewer, job, [before, after], plan, outbox);
        self.pass(200, plan, outbox);
        (!is_accepted).then(|| (Step::Rework, self.later_ms(10, 120)))
    }

    /// Who reviews this person's jobs: the next one of the organization.
    fn reviewer(&self, plan: &Plan) -> Option<usize> {
        let org = |person: usize| plan.people[person].sender.org.as_ref().map(|org| org.id);
        let n = plan.people.len();
        let mut others = (1..n).map(|further| (self.person + further) % n);
        others.find(|other| org(*other) == org(self.person))
    }

    /// So many minutes from now on.
    fn later_ms(&mut self, least: i64, most: i64) -> i64 {
        self.now_ms + self.chance.between(least, most) * MINUTE_MS
    }
}
