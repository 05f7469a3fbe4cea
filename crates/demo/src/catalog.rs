//! Projects, tasks and jobs, and who does which.

use std::collections::VecDeque;

use annoscope_events::Ids;

use crate::cast::Person;
use crate::chance::Chance;
use crate::names::{ORGANIZATIONS, PERSONAL_PROJECTS};
use crate::units::{HOUR_MS, id};

/// A person needs one more job.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// When, in ms.
    pub at_ms: i64,
    /// Index of the person.
    pub person: usize,
}

/// Everything that is annotated. Indexes in the order of ids.
pub struct Catalog {
    /// Projects.
    pub projects: Vec<Project>,
    /// Tasks, in the order of their creation.
    pub tasks: Vec<Task>,
    /// Jobs, in the order of their tasks.
    pub jobs: Vec<Job>,
    /// The jobs of each person, in the order in which they are done.
    pub jobs_of: Vec<Vec<usize>>,
}

/// A project.
pub struct Project {
    /// Its name.
    pub name: &'static str,
    /// Its organization.
    pub org: Option<usize>,
    /// When it is created, in ms.
    pub created_ms: i64,
}

/// A task.
pub struct Task {
    /// Its name.
    pub name: String,
    /// Its organization.
    pub org: Option<usize>,
    /// Its project; some tasks of people outside have none.
    pub project: Option<usize>,
    /// When it is created, in ms.
    pub created_ms: i64,
    /// Its jobs: the index of the first.
    pub first_job: usize,
    /// Its jobs: how many.
    pub n_jobs: usize,
}

/// A job.
pub struct Job {
    /// Its task.
    pub task: usize,
    /// Its frames: how many.
    pub n_frames: i64,
}

/// Jobs of a task.
const JOBS_PER_TASK: (i64, i64) = (3, 9);
/// Frames of a job.
const FRAMES_PER_JOB: (i64, i64) = (40, 400);
/// Time between the creation of a task and the first work on it, in ms.
const LEAD_MS: (i64, i64) = (HOUR_MS / 4, 30 * HOUR_MS);
/// What exists from the beginning is created in its first minute, after the people.
const FIRST_MINUTE_MS: i64 = 60_000;

impl Catalog {
    /// Makes as many jobs as are needed, each before it is needed.
    pub fn new(
        people: &[Person],
        mut needs: Vec<Need>,
        start_ms: i64,
        chance: &mut Chance,
    ) -> Catalog {
        needs.sort_by_key(|need| need.at_ms);
        // One queue for each organization, and one for all outside.
        let mut queues = vec![VecDeque::new(); ORGANIZATIONS.len() + 1];
        for need in needs {
            queues[people[need.person].org.unwrap_or(ORGANIZATIONS.len())].push_back(need);
        }
        let mut drafts = Vec::new();
        for (index, queue) in queues.iter_mut().enumerate() {
            let org = (index < ORGANIZATIONS.len()).then_some(index);
            while !queue.is_empty() {
                let (fewest, most) = JOBS_PER_TASK;
                let n_jobs = (chance.between(fewest, most) as usize).min(queue.len());
                let needs: Vec<Need> = queue.drain(..n_jobs).collect();
                let lead_ms = chance.between(LEAD_MS.0, LEAD_MS.1);
                let earliest_ms = start_ms + FIRST_MINUTE_MS;
                let created_ms = (needs[0].at_ms - lead_ms).max(earliest_ms);
                drafts.push((created_ms, org, needs));
            }
        }
        drafts.sort_by_key(|&(created_ms, ..)| created_ms);
        let mut catalog = Catalog {
            projects: projects(start_ms),
            tasks: Vec::with_capacity(drafts.len()),
            jobs: Vec::new(),
            jobs_of: vec![Vec::new(); people.len()],
        };
        for (created_ms, org, needs) in drafts {
            catalog.add_task(created_ms, org, &needs, chance);
        }
        catalog
    }

    fn add_task(
        &mut self,
        created_ms: i64,
        org: Option<usize>,
        needs: &[Need],
        chance: &mut Chance,
    ) {
        let task = self.tasks.len();
        let of_org: Vec<usize> = (0..self.projects.len())
            .filter(|&project| self.projects[project].org == org)
            .collect();
        let has_none = org.is_none() && chance.per_mille(300);
        let project = (!has_none).then(|| *chance.pick(&of_org));
        let name = match project {
            Some(project) => format!("{}, batch {}", self.projects[project].name, task + 1),
            None => format!("try {}", task + 1),
        };
        let first_job = self.jobs.len();
        self.tasks.push(Task {
            name,
            org,
            project,
            created_ms,
            first_job,
            n_jobs: needs.len(),
        });
        for need in needs {
            self.jobs_of[need.person].push(self.jobs.len());
            let n_frames = chance.between(FRAMES_PER_JOB.0, FRAMES_PER_JOB.1);
            self.jobs.push(Job { task, n_frames });
        }
    }

    /// The ids of a job, of its task and of its project.
    pub fn ids(&self, job: usize) -> Ids {
        let task = self.jobs[job].task;
        Ids {
            job_id: Some(id(job)),
            task_id: Some(id(task)),
            project_id: self.tasks[task].project.map(id),
        }
    }
}

/// All projects exist from the beginning.
fn projects(start_ms: i64) -> Vec<Project> {
    let of_organizations = ORGANIZATIONS
        .iter()
        .enumerate()
        .flat_map(|(org, names)| names.projects.iter().map(move |&name| (name, Some(org))));
    let personal = PERSONAL_PROJECTS.iter().map(|&name| (name, None));
    of_organizations
        .chain(personal)
        .map(|(name, org)| Project {
            name,
            org,
            created_ms: start_ms + FIRST_MINUTE_MS,
        })
        .collect()
}
