//! Of an installation, whether its server runs or not: disk, certificate, dashboards, backups, CVAT.

use std::path::Path;

use super::{Finding, Level, backups, certificate, size_text};
use crate::clock;
use crate::config::{AuthKind, Config};
use crate::dashboards::Dashboards;
use crate::identity::Cvat;

/// Free space that is told of, in the space that has to stay free: as much again three times.
const SHORT_DISK: u64 = 4;

/// Clocks of two machines may differ by that, ms.
const CLOCKS_DIFFER_MS: i64 = 60_000;

/// Looks at all of it. Asks CVAT where it knows the users, for `cvat.timeout_ms` at most.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut found = disks(config);
    found.extend(certificate::examine(&config.tls, clock::now()));
    found.extend(dashboards(config.shared_dir()));
    found.push(backups::examine(&config.data_dir, clock::now()));
    if config.auth == AuthKind::Cvat {
        found.extend(cvat(config).await);
    }
    found
}

fn disks(config: &Config) -> Vec<Finding> {
    let mut dirs = vec![config.data_dir.clone()];
    let journal = config.journal_dir();
    if !journal.starts_with(&config.data_dir) {
        dirs.push(journal);
    }
    let min = config.store.min_free_bytes;
    dirs.iter().map(|dir| disk(dir, min)).collect()
}

fn disk(dir: &Path, min_bytes: u64) -> Finding {
    let place = dir.display();
    let free = match rustix::fs::statvfs(dir) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return Finding::new(
                "disk",
                Level::Failure,
                format!("{place} cannot be looked at: {error}"),
                "Look whether data_dir and journal.dir are the right ones, and whose they are.",
            );
        }
    };
    let text = format!("{} free at {place}", size_text(free));
    let advice = "Make room: expired exports, old backups, or a larger disk. Below store.min_free_bytes events wait in the journal.";
    match free {
        free if free < min_bytes => Finding::new("disk", Level::Failure, text, advice),
        free if free < min_bytes.saturating_mul(SHORT_DISK) => {
            Finding::new("disk", Level::Warning, text, advice)
        }
        _ => Finding::fine("disk", text),
    }
}

fn dashboards(within: &Path) -> Vec<Finding> {
    let advice = "Mend the file, or save the dashboard from the page: its versions are kept.";
    match Dashboards::new(within).list() {
        Ok((entries, problems)) if problems.is_empty() => {
            let text = format!("{} are read", entries.len());
            vec![Finding::fine("dashboards", text)]
        }
        Ok((_, problems)) => {
            let told = problems.iter().map(|problem| {
                let text = format!("dashboards/{}: {}", problem.file, problem.message);
                Finding::new("dashboards", Level::Warning, text, advice)
            });
            told.collect()
        }
        Err(error) => vec![Finding::new(
            "dashboards",
            Level::Failure,
            format!("they cannot be read: {error}"),
            advice,
        )],
    }
}

async fn cvat(config: &Config) -> Vec<Finding> {
    let url = &config.cvat.url;
    let asked = match Cvat::new(config.cvat.clone()) {
        Ok(cvat) => cvat.time().await.map_err(|silence| silence.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let time = match asked {
        Ok(time) => time,
        Err(reason) => {
            return vec![Finding::new(
                "CVAT",
                Level::Failure,
                format!("{url} does not answer: {reason}"),
                "Nobody new can log in; who was known goes on for cvat.grace_ms. Look whether CVAT runs, and at cvat.url.",
            )];
        }
    };
    let mut found = vec![Finding::fine("CVAT", format!("{url} answers"))];
    let ahead_ms = time.map(|time| time.millis() - clock::now().millis());
    if let Some(ahead_ms) = ahead_ms.filter(|ms| ms.abs() > CLOCKS_DIFFER_MS) {
        found.push(Finding::new(
            "clock",
            Level::Warning,
            format!(
                "CVAT's clock and this machine's differ by {} s",
                ahead_ms.abs() / 1000
            ),
            "Let both be set by NTP: hours of events from the two are put side by side.",
        ));
    }
    found
}
