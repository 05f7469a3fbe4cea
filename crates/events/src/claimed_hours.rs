//! Claimed hours: the key `working_time` of events for which none were counted.
//!
//! Dashboards, CVAT's own among them, sum `payload.working_time` over all rows. Working time is
//! what this server computed or what another server sent as `send:working_time`
//! ([`may_carry_hours`]); in every other payload the key is renamed to
//! [`CLAIMED_KEY`], so that no spelling of a query, on no store, counts it.
//!
//! # What a key is
//!
//! A key is `"working_time"`, then white space or none, then a colon; each of its letters as
//! it is or as a `\u` escape. This is told from the bytes at its place alone, so that it holds in
//! texts that are no JSON, too, and in what ClickHouse's `simpleJSONExtract*` take for a key without
//! parsing (they search for `"working_time":`). In JSON that is every key `working_time` at any
//! depth, and the end of a longer key that a quote precedes (`x\"working_time`), and nothing else:
//! a quote that a colon follows ends a key, and a quote within a string has a backslash.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::json::{Scanner, unquote};
use crate::scope::WORKING_TIME_SCOPE;
use crate::search;

/// The key of hours.
const KEY: &str = "working_time";

/// What the key is called where it is no more than a claim.
pub const CLAIMED_KEY: &str = "claimed_working_time";

/// Whether the payload of an event with this scope and source may carry hours: a server's
/// `send:working_time`, and with `legacy` (the setting `ingest.legacy_working_time`) what older
/// CVATs, which had no such scope, stored with their clients' events.
pub fn may_carry_hours(scope: &str, source: &str, legacy: bool) -> bool {
    match source {
        "server" => scope == WORKING_TIME_SCOPE,
        "client" => legacy,
        _ => false,
    }
}

/// Renames every key `working_time` to [`CLAIMED_KEY`]; all other bytes stay. For the payloads of
/// events that may not carry hours. The text may be anything.
pub fn rename_claimed_hours(payload: &str) -> Cow<'_, str> {
    rename(payload, None)
}

/// For the payload of an event that may carry hours ([`may_carry_hours`]): keeps the key
/// `working_time` where it tells hours, and renames all others.
///
/// Hours are told by a JSON object with the key once, and with an integer of milliseconds that
/// `duration` could hold as well, 0 to 2^32 - 1. Where the object has it twice none of
/// them counts: readers differ in which one they take.
pub fn keep_sent_hours(payload: &str) -> Cow<'_, str> {
    if !may_have_key(payload) {
        return Cow::Borrowed(payload);
    }
    rename(payload, place_of_hours(payload))
}

/// Renames all keys but the one whose opening quote is at `kept`.
fn rename(text: &str, kept: Option<usize>) -> Cow<'_, str> {
    if !may_have_key(text) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(n_before) = bytes[at..].iter().position(|&byte| byte == b'"') {
        let quote = at + n_before;
        at = quote + 1;
        let Some(n_spelled) = spelled_key(&bytes[at..]) else {
            continue;
        };
        if kept != Some(quote) {
            out.push_str(&text[copied..at]);
            out.push_str(CLAIMED_KEY);
            copied = at + n_spelled;
        }
        // Past the closing quote, which begins no key: a colon follows it.
        at += n_spelled + 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Whether a search for keys is worth it: nearly all payloads have neither the word nor an
/// escape of an ASCII letter.
fn may_have_key(text: &str) -> bool {
    static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| search::any_of([KEY, "\\u00"]));
    WORDS.is_match(text)
}

/// The length of the key's spelling where `bytes`, which follow a quote, begin with it, and a
/// quote and a colon follow.
fn spelled_key(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for &letter in KEY.as_bytes() {
        at += match *bytes.get(at)? {
            byte if byte == letter => 1,
            b'\\' if escapes(bytes.get(at + 1..at + 6)?, letter) => 6,
            _ => return None,
        };
    }
    let rest = bytes[at..].strip_prefix(b"\"")?;
    let next = rest
        .iter()
        .find(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    (next == Some(&b':')).then_some(at)
}

/// Whether `u00XX` is the letter.
fn escapes(escape: &[u8], letter: u8) -> bool {
    let [b'u', b'0', b'0', high, low] = *escape else {
        return false;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    digit(high) == Some(u32::from(letter >> 4)) && digit(low) == Some(u32::from(letter & 15))
}

/// Where the opening quote of the key is whose value are hours.
fn place_of_hours(text: &str) -> Option<usize> {
    let mut scanner = Scanner::new(text);
    if scanner.peek() != Some(b'{') {
        return None;
    }
    scanner.bump();
    let mut found = None;
    let mut is_first = true;
    while let Some(raw_key) = scanner.next_key(is_first).ok()? {
        is_first = false;
        let raw = scanner.value().ok()?;
        if unquote(raw_key).is_ok_and(|key| key == KEY) {
            if found.is_some() {
                return None;
            }
            // The key is a part of the text, so the difference is its offset.
            found = Some((raw_key.as_ptr() as usize - text.as_ptr() as usize, raw));
        }
    }
    scanner.finish().ok()?;
    let (place, raw) = found?;
    raw.parse::<u32>().is_ok().then_some(place)
}

#[cfg(test)]
mod tests;
