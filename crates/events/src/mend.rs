//! What is changed about an event so that it can be stored and believed.

/// A change of one event between what was sent and what is stored. The kinds are those of
/// `docs/bad-events.md`, and each is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mend {
    /// Half of a surrogate pair became U+FFFD.
    LoneSurrogate,
    /// The character U+0000 became U+FFFD.
    NullCharacter,
    /// `NaN` or an infinity in a payload became null.
    NotANumber,
    /// A negative duration became 0.
    NegativeDuration,
    /// It lay ahead of its receipt and got the time of receipt; it takes no part in working time.
    AheadOfReceipt,
    /// It ended after its receipt; working time is counted up to the receipt.
    EndsAfterReceipt,
    /// Claimed hours were renamed ([`crate::CLAIMED_KEY`]).
    ClaimedHours,
}

impl Mend {
    /// All of them.
    pub const ALL: [Mend; 7] = [
        Mend::LoneSurrogate,
        Mend::NullCharacter,
        Mend::NotANumber,
        Mend::NegativeDuration,
        Mend::AheadOfReceipt,
        Mend::EndsAfterReceipt,
        Mend::ClaimedHours,
    ];

    /// The word in metrics and documents.
    pub fn name(self) -> &'static str {
        match self {
            Mend::LoneSurrogate => "lone_surrogate",
            Mend::NullCharacter => "null_character",
            Mend::NotANumber => "not_a_number",
            Mend::NegativeDuration => "negative_duration",
            Mend::AheadOfReceipt => "ahead_of_receipt",
            Mend::EndsAfterReceipt => "ends_after_receipt",
            Mend::ClaimedHours => "claimed_hours",
        }
    }
}

/// The changes of one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mends(u8);

impl Mends {
    /// Notes one more.
    pub fn add(&mut self, mend: Mend) {
        self.0 |= 1 << mend as u8;
    }

    /// Notes those of another part.
    pub fn add_all(&mut self, others: Mends) {
        self.0 |= others.0;
    }

    /// Whether it is among them.
    pub fn has(self, mend: Mend) -> bool {
        self.0 & (1 << mend as u8) != 0
    }

    /// Whether nothing was changed.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn each(self) -> impl Iterator<Item = Mend> {
        Mend::ALL.into_iter().filter(move |&mend| self.has(mend))
    }
}
