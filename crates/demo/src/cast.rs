//! The people of the demo: where they sit, when they work, how fast, with which browser.

use annoscope_events::{Organization, Sender, UserRef};

use crate::chance::Chance;
use crate::names::{BROWSERS, Browser, FIRST_NAMES, LAST_NAMES, ORGANIZATIONS};
use crate::units::{FIRST_ID, HOUR_MS, id};

/// One person.
#[derive(Debug)]
pub struct Person {
    /// As the server knows the person; the organization is the one the person works in.
    pub sender: Sender,
    /// Index of the organization; `None` for people outside.
    pub org: Option<usize>,
    /// The browser.
    pub browser: &'static Browser,
    /// What the browser's clock is ahead of the server's, in ms.
    pub clock_ahead_ms: i64,
    /// Time between two actions is divided by it: 0.6 is slow, 1.7 is fast.
    pub speed: f64,
    /// What the person's time zone is ahead of UTC, in ms.
    pub zone_ms: i64,
    /// Usual begin of the shift, in ms of the local day.
    pub shift_begin_ms: i64,
    /// Usual length of the shift with the lunch break, in ms.
    pub shift_length_ms: i64,
    /// Whether Saturdays and Sundays are work days now and then.
    pub works_on_weekends: bool,
}

/// Hours ahead of UTC at which people sit, in halves.
const ZONES: &[i64] = &[-10, -6, 0, 2, 2, 4, 4, 6, 11, 14];

/// Of seven people, who is in which organization: its index, or nobody's.
const MEMBERSHIP: [Option<usize>; 7] = [Some(0), Some(1), Some(0), None, Some(2), Some(0), Some(1)];

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The organization of that index, as events name it.
pub fn organization(index: usize) -> Organization {
    Organization {
        id: id(index),
        slug: ORGANIZATIONS[index].slug.to_owned(),
    }
}

/// The administrator, who makes projects and tasks and does not annotate.
pub fn administrator() -> Sender {
    Sender {
        user: UserRef {
            id: FIRST_ID,
            name: "demo.admin".to_owned(),
            email: "demo.admin@example.com".to_owned(),
        },
        org: None,
    }
}

/// The annotators.
pub fn annotators(n_users: u32, chance: &mut Chance) -> Vec<Person> {
    (0..n_users as usize)
        .map(|index| annotator(index, chance))
        .collect()
}

fn annotator(index: usize, chance: &mut Chance) -> Person {
    let org = MEMBERSHIP[index % MEMBERSHIP.len()];
    // 48 and 46 names: coprime steps visit every pair before one comes again.
    let first = FIRST_NAMES[(index * 7) % FIRST_NAMES.len()];
    let last = LAST_NAMES[(index * 5 + index / FIRST_NAMES.len()) % LAST_NAMES.len()];
    let user_name = match index / (FIRST_NAMES.len() * LAST_NAMES.len() / 2) {
        0 => format!("{first}.{last}"),
        _ => format!("{first}.{last}{index}"),
    };
    // Some of those outside never gave an address.
    let user_email = if org.is_none() && chance.per_mille(300) {
        String::new()
    } else {
        format!("{user_name}@example.com")
    };
    Person {
        sender: Sender {
            user: UserRef {
                id: id(index),
                name: user_name,
                email: user_email,
            },
            org: org.map(organization),
        },
        org,
        browser: browser(chance),
        clock_ahead_ms: clock_ahead_ms(chance),
        speed: chance.real(0.6, 1.7),
        zone_ms: *chance.pick(ZONES) * HOUR_MS / 2,
        shift_begin_ms: if chance.per_mille(50) {
            chance.between(20 * HOUR_MS, 22 * HOUR_MS) // a night shift
        } else {
            chance.between(7 * HOUR_MS, 10 * HOUR_MS)
        },
        shift_length_ms: if chance.per_mille(150) {
            chance.between(4 * HOUR_MS, 5 * HOUR_MS) // part time
        } else {
            chance.between(15 * HOUR_MS / 2, 9 * HOUR_MS)
        },
        works_on_weekends: chance.per_mille(60),
    }
}

fn browser(chance: &mut Chance) -> &'static Browser {
    let mut drawn = chance.below(100);
    for browser in BROWSERS {
        if drawn < browser.share {
            return browser;
        }
        drawn -= browser.share;
    }
    &BROWSERS[0]
}

/// Most clocks are right within seconds, few are wrong by minutes.
fn clock_ahead_ms(chance: &mut Chance) -> i64 {
    if chance.per_mille(40) {
        chance.between(-900_000, 900_000)
    } else {
        chance.between(-3000, 3000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_browsers_add_up() {
        let people = annotators(5000, &mut Chance::new(1, 1));
        let names: HashSet<&str> = people
            .iter()
            .map(|person| person.sender.user.name.as_str())
            .collect();
        assert_eq!(names.len(), people.len());
        assert_eq!(
            BROWSERS.iter().map(|browser| browser.share).sum::<u64>(),
            100
        );
    }
}
