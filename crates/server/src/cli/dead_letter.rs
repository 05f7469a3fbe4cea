//! `annoscope dead-letter …`: the events that could not be stored, on the command line.

mod resend;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::CliError;
use crate::dead_letter::{self, FILE, Letter};
use crate::dir_lock::LockError;

/// So much of an event is shown in a list, in characters.
const SHOWN: usize = 160;

/// What to do with events that could not be stored.
#[derive(Subcommand)]
pub(super) enum DeadLetterCommand {
    /// List them: number of the line, time of receipt, what is wrong, begin of the event
    List {
        /// As JSON, one object a line, with the whole event
        #[arg(long)]
        json: bool,
    },
    /// Send them to the running server once more, after they were mended in the file
    ///
    /// What the server stores, or has already, is taken out of the file. What is still wrong comes
    /// back as a new line.
    Send {
        /// Numbers of the lines, as `list` has them [default: all]
        #[arg(value_name = "NUMBER")]
        numbers: Vec<usize>,
        /// Read an administrator's API token from the first line of standard input: an ingest port
        /// that other machines reach asks for one
        #[arg(long)]
        token_stdin: bool,
    },
    /// Drop them for good
    Drop {
        /// Numbers of the lines, as `list` has them
        #[arg(value_name = "NUMBER", required_unless_present = "all")]
        numbers: Vec<usize>,
        /// Every line
        #[arg(long, conflicts_with = "numbers")]
        all: bool,
    },
}

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterCommandError {
    /// The file cannot be read or written.
    #[error("cannot read or write {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The lock of the data directory cannot be read.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A number that no line has.
    #[error("{FILE} has no line {number}: annoscope dead-letter list shows the lines")]
    NoSuchLine {
        /// The number.
        number: usize,
    },
    /// No server takes the events.
    #[error("no server runs on {}: start it, then send", dir.display())]
    NoServer {
        /// The data directory.
        dir: PathBuf,
    },
    /// The server has no port yet.
    #[error("the server on {} is still starting: send again in a moment", dir.display())]
    Starting {
        /// The data directory.
        dir: PathBuf,
    },
    /// The connection failed.
    #[error("cannot send to {url}: {source}")]
    Unreachable {
        /// The address.
        url: String,
        /// What it failed with.
        source: reqwest::Error,
    },
    /// The server refuses.
    #[error("{url} answered {status} to line {number}: {answer}")]
    Refused {
        /// The address.
        url: String,
        /// The first line of the request.
        number: usize,
        /// Status of the answer.
        status: reqwest::StatusCode,
        /// Begin of the answer's body.
        answer: String,
    },
    /// Lines that are no JSON objects.
    #[error(
        "not sent, as they are no JSON objects: line {}. Mend them or drop them",
        listed(numbers)
    )]
    NoJson {
        /// Their numbers.
        numbers: Vec<usize>,
    },
    /// The token cannot be read.
    #[error("cannot read the token from standard input: {0}")]
    Token(#[source] io::Error),
    /// The threads for sending cannot be started.
    #[error("cannot start the threads for sending: {0}")]
    Runtime(#[source] io::Error),
}

fn listed(numbers: &[usize]) -> String {
    let words: Vec<String> = numbers.iter().map(usize::to_string).collect();
    words.join(", ")
}

/// Does it, on the file in the data directory.
pub(super) fn run(
    command: DeadLetterCommand,
    data_dir: &Path,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let file = Letters {
        path: data_dir.join(FILE),
    };
    match command {
        DeadLetterCommand::List { json } => {
            for letter in file.read()? {
                if json {
                    serde_json::to_writer(&mut *out, &Listed::of(&letter))
                        .map_err(io::Error::from)?;
                    writeln!(out)?;
                } else {
                    show(&letter, out)?;
                }
            }
        }
        DeadLetterCommand::Send {
            numbers,
            token_stdin,
        } => resend::run(&file, data_dir, &numbers, token_stdin, out)?,
        DeadLetterCommand::Drop { numbers, .. } => {
            let chosen = file.choose(&numbers)?;
            file.remove(&chosen)?;
            writeln!(out, "dropped {}", n_events(chosen.len()))?;
            for letter in &chosen {
                show(letter, out)?;
            }
        }
    }
    Ok(())
}

/// The file, with errors that name it.
struct Letters {
    path: PathBuf,
}

impl Letters {
    fn read(&self) -> Result<Vec<Letter>, DeadLetterCommandError> {
        dead_letter::read(&self.path).map_err(|source| self.failed(source))
    }

    /// The lines of these numbers in the file's order; all where no number is given.
    fn choose(&self, numbers: &[usize]) -> Result<Vec<Letter>, DeadLetterCommandError> {
        let mut letters = self.read()?;
        let is_there = |number: &&usize| letters.iter().any(|letter| letter.number == **number);
        if let Some(&number) = numbers.iter().find(|number| !is_there(number)) {
            return Err(DeadLetterCommandError::NoSuchLine { number });
        }
        if !numbers.is_empty() {
            letters.retain(|letter| numbers.contains(&letter.number));
        }
        Ok(letters)
    }

    fn remove(&self, letters: &[Letter]) -> Result<(), DeadLetterCommandError> {
        if letters.is_empty() {
            return Ok(());
        }
        dead_letter::remove(&self.path, letters).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> DeadLetterCommandError {
        DeadLetterCommandError::File {
            path: self.path.clone(),
            source,
        }
    }
}

/// What the server writes into a line. A person may have left the event alone.
#[derive(Deserialize)]
struct Line<'a> {
    received_at: Option<String>,
    request_id: Option<String>,
    reason: Option<String>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
}

/// A line in a list for scripts.
#[derive(Serialize)]
struct Listed<'a> {
    number: usize,
    received_at: Option<String>,
    request_id: Option<String>,
    reason: Option<String>,
    /// `None` where the line is no JSON object.
    event: Option<&'a RawValue>,
}

impl<'a> Listed<'a> {
    fn of(letter: &'a Letter) -> Listed<'a> {
        let text = letter.text.trim_ascii();
        let is_object = text.first() == Some(&b'{');
        let whole = serde_json::from_slice::<&RawValue>(text)
            .ok()
            .filter(|_| is_object);
        let line = whole.and_then(|whole| serde_json::from_str::<Line>(whole.get()).ok());
        let (received_at, request_id, reason, event) = line
            .map_or((None, None, None, None), |line| {
                (line.received_at, line.request_id, line.reason, line.event)
            });
        Listed {
            number: letter.number,
            received_at,
            request_id,
            reason,
            event: event.or(whole),
        }
    }
}

/// One line for a person.
fn show(letter: &Letter, out: &mut dyn Write) -> io::Result<()> {
    let listed = Listed::of(letter);
    let text = String::from_utf8_lossy(&letter.text);
    let event = listed.event.map_or(&*text, RawValue::get);
    let reason = match (&listed.reason, listed.event) {
        (Some(reason), _) => reason,
        (None, Some(_)) => "-",
        (None, None) => "no JSON object",
    };
    let received_at = listed.received_at.as_deref().unwrap_or("-");
    writeln!(
        out,
        "{}  {}  {}  {}",
        listed.number,
        shown(received_at),
        shown(reason),
        shown(event)
    )
}

/// The begin of a text, with nothing in it that a terminal would follow.
fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown: String = characters
        .by_ref()
        .take(SHOWN)
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

fn n_events(count: usize) -> String {
    match count {
        1 => "1 event".to_owned(),
        _ => format!("{count} events"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shown_whatever_is_in_them() {
        let cases: [(&[u8], &str); 6] = [
            (
                br#"{"received_at":"2026-01-05T09:00:00Z","request_id":"x","reason":"count: 70000","event":{"scope":"a"}}"#,
                "7  2026-01-05T09:00:00Z  count: 70000  {\"scope\":\"a\"}\n",
            ),
            (br#" {"scope":"a"}"#, "7  -  -  {\"scope\":\"a\"}\n"),
            (
                br#"{"received_at":"20"#,
                "7  -  no JSON object  {\"received_at\":\"20\n",
            ),
            (b"[1]", "7  -  no JSON object  [1]\n"),
            (b"\x1b[2J\xff", "7  -  no JSON object  \u{fffd}[2J\u{fffd}\n"),
            (
                br#"{"reason":"a\u001bb","event":{"obj_name":"\ud83d"}}"#,
                "7  -  a\u{fffd}b  {\"obj_name\":\"\\ud83d\"}\n",
            ),
        ];
        for (text, expected) in cases {
            let letter = Letter {
                number: 7,
                text: text.to_vec(),
            };
            let mut out = Vec::new();
            show(&letter, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
        assert_eq!(shown(&"ü".repeat(500)), format!("{}…", "ü".repeat(SHOWN)));
    }
}
