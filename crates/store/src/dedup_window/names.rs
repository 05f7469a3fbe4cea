//! Names of the window's files: `ID.DAY.open`, `ID.DAY.segment`.

use std::fmt;
use std::str::FromStr;

use super::day::Day;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Chunks of hashes: a segment that is not sealed.
    Open,
    /// A sealed segment.
    Segment,
    /// A sealed segment in the making, of no use after a stop.
    New,
    /// A sealed segment that cannot be used, kept for whoever wants to look.
    Damaged,
}

/// A file of the window. The day is in the name alone, because it can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Segments are numbered in the order in which they were begun.
    pub id: u64,
    pub day: Day,
    pub kind: Kind,
}

const SUFFIXES: [(Kind, &str); 4] = [
    (Kind::Open, "open"),
    (Kind::Segment, "segment"),
    (Kind::New, "new"),
    (Kind::Damaged, "damaged"),
];

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = SUFFIXES.iter().find(|(kind, _)| *kind == self.kind);
        let (_, suffix) = suffix.expect("each kind has a suffix");
        write!(f, "{:08}.{}.{suffix}", self.id, self.day.0)
    }
}

/// The name is none of the window's.
#[derive(Debug, PartialEq)]
pub(super) struct NotOurs;

impl FromStr for Name {
    type Err = NotOurs;

    fn from_str(text: &str) -> Result<Name, NotOurs> {
        let mut parts = text.split('.');
        let (Some(id), Some(day), Some(suffix), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotOurs);
        };
        let kind = SUFFIXES.iter().find(|(_, known)| *known == suffix);
        Ok(Name {
            id: id.parse().map_err(|_| NotOurs)?,
            day: Day(day.parse().map_err(|_| NotOurs)?),
            kind: kind.ok_or(NotOurs)?.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_and_others_are_not_ours() {
        for (kind, text) in [
            (Kind::Open, "00000007.20421.open"),
            (Kind::Segment, "00000007.20421.segment"),
            (Kind::New, "123456789.-1.new"),
            (Kind::Damaged, "00000007.20421.damaged"),
        ] {
            let name: Name = text.parse().unwrap();
            assert_eq!((name.kind, name.to_string().as_str()), (kind, text));
        }
        for text in [
            "",
            "a.1.open",
            "1.b.open",
            "1.2.else",
            "1.2.open.old",
            "1.2",
        ] {
            assert_eq!(text.parse::<Name>(), Err(NotOurs), "{text}");
        }
    }
}
