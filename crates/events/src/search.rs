//! Searches for some words at once, of which most texts have none.

use aho_corasick::AhoCorasick;

/// Looks for any of the words.
pub(crate) fn any_of<const N: usize>(words: [&str; N]) -> AhoCorasick {
    AhoCorasick::new(words).expect("a few short words make no automaton beyond its limits")
}
