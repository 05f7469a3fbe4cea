//! The check of the fuzz target, for a moment.

#[path = "../../../fuzz/journal_checks.rs"]
mod journal_checks;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_a_journal_are_harmless(data in prop::collection::vec(any::<u8>(), 0..64)) {
        journal_checks::journal(&data);
    }
}
