//! The dashboards that are in the program: `dashboards/*.json` of the repository.

use super::Model;

const FILES: [(&str, &str); 9] = [
    (
        "all-events",
        include_str!("../../../../dashboards/all-events.json"),
    ),
    (
        "data-quality",
        include_str!("../../../../dashboards/data-quality.json"),
    ),
    ("job", include_str!("../../../../dashboards/job.json")),
    (
        "management",
        include_str!("../../../../dashboards/management.json"),
    ),
    (
        "monitoring",
        include_str!("../../../../dashboards/monitoring.json"),
    ),
    (
        "my-hours",
        include_str!("../../../../dashboards/my-hours.json"),
    ),
    (
        "project",
        include_str!("../../../../dashboards/project.json"),
    ),
    ("team", include_str!("../../../../dashboards/team.json")),
    (
        "timesheet",
        include_str!("../../../../dashboards/timesheet.json"),
    ),
];

/// All with their uids.
pub(super) fn all() -> impl Iterator<Item = (&'static str, Model)> {
    FILES.iter().map(|(uid, text)| (*uid, parse(text)))
}

/// The one of a uid.
pub(super) fn find(uid: &str) -> Option<Model> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == uid)?;
    Some(parse(text))
}

fn parse(text: &str) -> Model {
    Model::parse(text.as_bytes()).expect("a test reads each of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_a_dashboard_under_its_uid() {
        for (uid, model) in all() {
            assert_eq!(model.uid().unwrap().as_deref(), Some(uid));
        }
    }
}
