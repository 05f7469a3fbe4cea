//! What is wrong with an installation, and what to do about it: with its place, with the running server, and with what
//! comes in. For monitoring and for administrators.
//!
//! - `place.rs`: disk, certificate, dashboards, backups, CVAT; also while no server runs.
//! - `running.rs`: what the parts of the running server say of themselves.
//! - `silence.rs`: holes in the data; `hours.rs` asks the store for what it needs.

mod backups;
mod certificate;
mod hours;
mod place;
mod running;
mod silence;

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use annoscope_store::EventStore;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::config::Config;
use crate::dead_letter::DeadLetter;
use crate::readiness::Readiness;
use crate::store;
use crate::untrusted_proxy::UntrustedProxy;

pub use place::examine as examine_place;
use running::Vitals;

const DAY: Duration = Duration::from_hours(24);

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Looked at, and as it should be.
    Fine,
    /// It may come to a failure.
    Warning,
    /// Events are refused, people are kept out, or data is not what it should be.
    Failure,
}

/// What was found of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at: `disk`, `journal`, `certificate`, …
    pub part: String,
    /// How bad it is.
    pub level: Level,
    /// What is so, as a sentence.
    pub text: String,
    /// What to do; empty where all is fine.
    pub advice: String,
}

impl Finding {
    fn new(part: &str, level: Level, text: impl Into<String>, advice: &str) -> Finding {
        Finding {
            part: part.to_owned(),
            level,
            text: text.into(),
            advice: advice.to_owned(),
        }
    }

    fn fine(part: &str, text: impl Into<String>) -> Finding {
        Finding::new(part, Level::Fine, text, "")
    }
}

/// The worst first.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|found| Reverse(found.level));
}

/// Looks at a running server.
#[derive(Clone)]
pub struct Doctor {
    /// Its configuration.
    pub config: Arc<Config>,
    /// Its events.
    pub store: Arc<dyn EventStore>,
    /// Whether they would be stored now.
    pub readiness: Readiness,
    /// What could not be.
    pub dead_letters: Arc<DeadLetter>,
    /// A proxy that the configuration should perhaps name.
    pub untrusted_proxy: UntrustedProxy,
}

impl Doctor {
    /// What was found of every part, the worst first. Takes as long as CVAT's answer and a look at four weeks of events.
    pub async fn examine(&self) -> Vec<Finding> {
        let doctor = self.clone();
        let of_server = async move {
            let refused_because = doctor.readiness.ask().await.err();
            let refused_because = refused_because.map(|not_ready| not_ready.0.trim_end());
            tokio::task::spawn_blocking(move || doctor.examine_server(refused_because)).await
        };
        let (mut found, of_server) = tokio::join!(examine_place(&self.config), of_server);
        found.extend(of_server.expect("the doctor does not panic"));
        sort(&mut found);
        found
    }

    /// Blocks.
    fn examine_server(&self, refused_because: Option<&'static str>) -> Vec<Finding> {
        let (config, stats, now) = (&self.config, self.store.stats(), clock::now());
        let restarts = self.store.restarts();
        let of_a_day = |restart: &&annoscope_store::Restart| clock::since(restart.at) < DAY;
        let hours = hours::with_events(&*self.store, store::dialect(config), now);
        let latest_ms = hours
            .as_ref()
            .ok()
            .and_then(|hours| hours.latest_of_servers_ms);
        let vitals = Vitals {
            refused_because,
            journal_bytes: stats.journal_bytes,
            max_journal_bytes: config.journal.max_bytes,
            oldest_waiting_s: self.store.oldest_waiting().map_or(0.0, clock::age_seconds),
            restarts_of_a_day: restarts.latest.iter().filter(of_a_day).count() as u64,
            latest_restart: restarts.latest.back().map(|restart| restart.reason.clone()),
            lacking: self.store.lacking(),
            damaged_window_files: stats.dedup_window.damaged_files,
            dead_letter_bytes: self.dead_letters.bytes().ok(),
            max_dead_letter_bytes: config.ingest.dead_letter_max_bytes,
            untrusted_proxy: self.untrusted_proxy.address(clock::monotonic()),
            latest_event_ahead_s: latest_ms.map(|latest| (latest - now.millis()) as f64 / 1000.0),
        };
        let mut found = vitals.examine();
        match hours {
            Ok(hours) => found.extend(silence::examine(&hours.of_sources, hours::of(now))),
            Err(error) => found.push(Finding::new(
                "events",
                Level::Warning,
                format!("whether a source is silent cannot be told: {error}"),
                "The database does not answer in time. Ask again; the log says more.",
            )),
        }
        found
    }
}

/// A size for people: whole MiB, or GiB with a digit.
fn size_text(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes < 1024 * MIB {
        return format!("{} MiB", bytes / MIB);
    }
    let tenths = bytes * 10 / (1024 * MIB);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}
