//! What happens to organizations, people, projects, tasks and jobs, in time order. `world` makes events of it.

use crate::cast::Person;
use crate::catalog::Catalog;
use crate::chance::Chance;
use crate::names::ORGANIZATIONS;
use crate::units::DAY_MS;

/// One thing that happens, to be made an event when it is its turn.
#[derive(Clone, Copy, Debug)]
pub struct Happening {
    /// When, in ms.
    pub at_ms: i64,
    /// What.
    pub what: What,
}

/// What happens; the numbers are indexes.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// An organization is created.
    Organization(usize),
    /// A user is created.
    User(usize),
    /// A project is created.
    Project(usize),
    /// A label of a project is created.
    Label(usize, usize),
    /// A task is created.
    Task(usize),
    /// A job is created, with its task.
    Job(usize),
    /// A task with one job is made by mistake, beside those of the catalog.
    Mistake(usize),
    /// Its job.
    MistakenJob(usize),
    /// The mistake's job is deleted.
    DeletedJob(usize),
    /// The mistake is deleted.
    DeletedTask(usize),
}

/// One task in so many is a mistake.
const TASKS_PER_MISTAKE: usize = 40;

/// Everything that happens, in time order, no two at the same time.
pub fn happenings(
    people: &[Person],
    catalog: &Catalog,
    start_ms: i64,
    end_ms: i64,
    chance: &mut Chance,
) -> Vec<Happening> {
    let mut happenings = Vec::new();
    let mut add = |at_ms: i64, what| happenings.push(Happening { at_ms, what });
    for org in 0..ORGANIZATIONS.len() {
        add(start_ms, What::Organization(org));
    }
    for person in 0..people.len() {
        add(start_ms, What::User(person));
    }
    for (index, project) in catalog.projects.iter().enumerate() {
        add(project.created_ms, What::Project(index));
        for nth in 0..3 {
            add(project.created_ms, What::Label(index, nth));
        }
    }
    for (index, task) in catalog.tasks.iter().enumerate() {
        add(task.created_ms, What::Task(index));
        for job in task.first_job..task.first_job + task.n_jobs {
            add(task.created_ms, What::Job(job));
        }
        if index % TASKS_PER_MISTAKE == TASKS_PER_MISTAKE / 2 {
            let seen_ms = task.created_ms + chance.between(60_000, DAY_MS);
            add(task.created_ms, What::Mistake(index));
            add(task.created_ms, What::MistakenJob(index));
            add(seen_ms, What::DeletedTask(index));
            add(seen_ms, What::DeletedJob(index));
        }
    }
    happenings.sort_by_key(|happening| happening.at_ms);
    let mut earliest_ms = start_ms;
    for happening in &mut happenings {
        happening.at_ms = happening.at_ms.max(earliest_ms);
        earliest_ms = happening.at_ms + chance.between(1, 3);
    }
    // Who made a mistake on the last day deletes it after the period.
    happenings.retain(|happening| happening.at_ms <= end_ms);
    happenings
}
