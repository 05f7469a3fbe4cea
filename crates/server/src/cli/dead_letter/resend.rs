//! `annoscope dead-letter send`: to the ingest port, as the lines lie.

use std::collections::HashSet;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Response, StatusCode};

use super::{DeadLetterCommandError, Letters, Listed, n_events, show};
use crate::cli::CliError;
use crate::dead_letter::Letter;
use crate::dir_lock::DirLock;

/// So many lines, or bytes, go in one request.
const REQUEST_LINES: usize = 500;
const REQUEST_BYTES: usize = 1 << 20;

/// A server that says nothing for so long has lost the request.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Sends the lines of these numbers, or all, and takes those out of the file that the server has.
pub(super) fn run(
    file: &Letters,
    data_dir: &Path,
    numbers: &[usize],
    token_stdin: bool,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let url = ingest_url(data_dir)?;
    let (sound, broken): (Vec<Letter>, Vec<Letter>) = file
        .choose(numbers)?
        .into_iter()
        .partition(|letter| Listed::of(letter).event.is_some());
    let token = if token_stdin {
        Some(first_line().map_err(DeadLetterCommandError::Token)?)
    } else {
        None
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(DeadLetterCommandError::Runtime)?;
    let mut sender = Sender {
        client: Client::builder()
            .no_proxy() // it is this machine
            .timeout(TIMEOUT)
            .build()
            .map_err(|source| unreachable(&url, source))?,
        url,
        token,
        done: Vec::new(),
        request_ids: HashSet::new(),
    };
    let sent = runtime.block_on(sender.send(&sound));
    // Whatever ended it: what the server has is stored, or is in the file as a new line.
    file.remove(&sender.done)?;
    report(file, &sender, out)?;
    sent?;
    if !broken.is_empty() {
        let numbers = broken.iter().map(|letter| letter.number).collect();
        return Err(DeadLetterCommandError::NoJson { numbers }.into());
    }
    Ok(())
}

fn report(file: &Letters, sender: &Sender, out: &mut dyn Write) -> Result<(), CliError> {
    let is_ours = |letter: &Letter| {
        let request_id = Listed::of(letter).request_id;
        request_id.is_some_and(|id| sender.request_ids.contains(&id))
    };
    let mut back = file.read()?;
    back.retain(is_ours);
    writeln!(out, "sent {}", n_events(sender.done.len()))?;
    if !back.is_empty() {
        writeln!(
            out,
            "still wrong, and in the file again: {}",
            n_events(back.len())
        )?;
    }
    for letter in &back {
        show(letter, out)?;
    }
    Ok(())
}

/// Where the server that runs on the directory takes events.
fn ingest_url(data_dir: &Path) -> Result<String, DeadLetterCommandError> {
    let dir = || data_dir.to_owned();
    let holder = DirLock::holder(data_dir)?
        .ok_or_else(|| DeadLetterCommandError::NoServer { dir: dir() })?;
    let address = holder
        .ingest_address()
        .ok_or_else(|| DeadLetterCommandError::Starting { dir: dir() })?;
    Ok(format!("http://{address}/"))
}

fn first_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn unreachable(url: &str, source: reqwest::Error) -> DeadLetterCommandError {
    DeadLetterCommandError::Unreachable {
        url: url.to_owned(),
        source: source.without_url(),
    }
}

struct Sender {
    client: Client,
    url: String,
    token: Option<String>,
    /// What the server has acknowledged.
    done: Vec<Letter>,
    /// Ids of the requests that were acknowledged: what comes back to the file has them.
    request_ids: HashSet<String>,
}

impl Sender {
    /// Sends all, many in a request; where the server refuses a request, one by one, up to the first
    /// that it refuses.
    async fn send(&mut self, letters: &[Letter]) -> Result<(), DeadLetterCommandError> {
        let mut rest = letters;
        while !rest.is_empty() {
            let (batch, others) = rest.split_at(n_of_request(rest));
            rest = others;
            let answer = self.post(batch).await?;
            if answer.status() == StatusCode::BAD_REQUEST && batch.len() > 1 {
                for letter in batch {
                    let alone = std::slice::from_ref(letter);
                    let answer = self.post(alone).await?;
                    self.note(alone, answer).await?;
                }
            } else {
                self.note(batch, answer).await?;
            }
        }
        Ok(())
    }

    async fn post(&self, letters: &[Letter]) -> Result<Response, DeadLetterCommandError> {
        let texts: Vec<&[u8]> = letters.iter().map(|letter| &*letter.text).collect();
        let mut request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(texts.join(&b'\n'));
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Token {token}"));
        }
        let answer = request.send().await;
        answer.map_err(|source| unreachable(&self.url, source))
    }

    async fn note(
        &mut self,
        letters: &[Letter],
        answer: Response,
    ) -> Result<(), DeadLetterCommandError> {
        let status = answer.status();
        if status != StatusCode::OK {
            let answer = answer.text().await.unwrap_or_default();
            return Err(DeadLetterCommandError::Refused {
                url: self.url.clone(),
                number: letters[0].number,
                status,
                answer: super::shown(&answer),
            });
        }
        let id = answer.headers().get("x-request-id");
        self.request_ids
            .extend(id.and_then(|id| id.to_str().ok()).map(str::to_owned));
        self.done.extend_from_slice(letters);
        Ok(())
    }
}

/// How many of the letters, from the first, go in one request.
fn n_of_request(letters: &[Letter]) -> usize {
    let mut n_bytes = 0;
    let fitting = letters.iter().take(REQUEST_LINES).take_while(|letter| {
        n_bytes += letter.text.len() + 1;
        n_bytes <= REQUEST_BYTES
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_bounded_and_never_empty() {
        let letters = |sizes: &[usize]| -> Vec<Letter> {
            let letter = |(&size, number)| Letter {
                number,
                text: vec![b' '; size],
            };
            sizes.iter().zip(1..).map(letter).collect()
        };
        let cases = [
            (vec![10; 3], 3),
            (vec![10; 2000], REQUEST_LINES),
            (vec![REQUEST_BYTES * 2, 10], 1),
            (vec![REQUEST_BYTES - 12, 10, 10], 2),
        ];
        for (sizes, expected) in cases {
            assert_eq!(n_of_request(&letters(&sizes)), expected);
        }
    }
}
