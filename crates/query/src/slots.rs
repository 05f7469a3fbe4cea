//! Slots of queries in the store, and turns of those that others left no memory.
//!
//! Slots go round by account: of the accounts that wait, the one that has the fewest gets the next, and
//! within an account the query that came first. While others wait, an account with more than a share of the
//! slots has less time ([`QuerySlot::overtime`]): one account cannot keep the others out. An account whose
//! query ended the database has one slot for some time.
//!
//! All queries share the database's memory. When none is left, DuckDB fails the query that asks for more,
//! which may be a small one beside a large one: so a query that fails in company may try again after
//! another's end. One at a time, or two that failed by each other would do so again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annoscope_store::{StoreError, clock};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};
use tokio::time::timeout;

/// By how much the limit of time is divided for an account with more than a share while others wait.
const HASTE: u32 = 10;

/// As many slots as the store runs queries at once. A query that waits for one keeps its turn.
#[derive(Clone)]
pub(crate) struct QuerySlots {
    shared: Arc<Shared>,
    second_tries: Arc<Mutex<()>>,
}

struct Shared {
    /// How many there are.
    n: usize,
    turns: StdMutex<Turns>,
    freed: Notify,
    /// Notified when a query begins to wait.
    awaited: Notify,
}

#[derive(Default)]
struct Turns {
    n_taken: usize,
    /// Of each account how many slots it has.
    taken: HashMap<i64, usize>,
    /// Accounts that have one slot at most, until then.
    confined: HashMap<i64, Instant>,
    /// In the order of their coming.
    waiting: Vec<Waiting>,
}

struct Waiting {
    account_id: i64,
    turn: oneshot::Sender<QuerySlot>,
}

/// A slot that is taken, until it is dropped.
pub(crate) struct QuerySlot {
    account_id: i64,
    since: Instant,
    shared: Arc<Shared>,
}

impl QuerySlots {
    pub(crate) fn new(n_slots: usize) -> QuerySlots {
        QuerySlots {
            shared: Arc::new(Shared {
                n: n_slots,
                turns: StdMutex::default(),
                freed: Notify::new(),
                awaited: Notify::new(),
            }),
            second_tries: Arc::default(),
        }
    }

    /// How many there are.
    pub(crate) fn n(&self) -> usize {
        self.shared.n
    }

    /// Waits for a slot for a query of the account.
    pub(crate) async fn take(&self, account_id: i64) -> QuerySlot {
        loop {
            let (turn, my_turn) = oneshot::channel();
            let waiting = Waiting { account_id, turn };
            self.shared.lock().waiting.push(waiting);
            self.shared.give_turns();
            self.shared.awaited.notify_waiters();
            if let Ok(slot) = my_turn.await {
                return slot;
            }
        }
    }

    /// Leaves an account one slot at most while a query of it is refused that ended the database.
    pub(crate) fn confine_for(&self, account_id: i64, error: &StoreError) {
        if let StoreError::Quarantined { left } = error {
            self.confine(account_id, *left);
        }
    }

    fn confine(&self, account_id: i64, time: Duration) {
        let until = clock::monotonic() + time;
        let confined = &mut self.shared.lock().confined;
        let is_new = confined.insert(account_id, until).is_none();
        if is_new {
            tracing::warn!(
                user.id = account_id,
                for_s = time.as_secs(),
                "an account has one query slot, as a query of it ended the database"
            );
        }
    }

    /// The turn of a query that failed for want of memory and has given its slot back: when
    /// no other tries again, and one that had a slot has ended. `None` if that takes
    /// longer than `patience`.
    pub(crate) async fn second_try(&self, patience: Duration) -> Option<OwnedMutexGuard<()>> {
        let turn = async {
            let turn = Arc::clone(&self.second_tries).lock_owned().await;
            let freed = self.shared.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            let is_any_taken = self.shared.lock().n_taken > 0;
            if is_any_taken {
                freed.await;
            }
            turn
        };
        timeout(patience, turn).await.ok()
    }
}

impl Shared {
    /// Gives the free slots to the queries whose turn it is.
    fn give_turns(self: &Arc<Shared>) {
        loop {
            let mut turns = self.lock();
            if turns.n_taken == self.n {
                return;
            }
            let now = clock::monotonic();
            turns.confined.retain(|_, until| *until > now);
            // The first of those with the fewest.
            let of = |waiting: &Waiting| turns.taken_by(waiting.account_id);
            let may_have = |w: &Waiting| of(w) == 0 || !turns.confined.contains_key(&w.account_id);
            let waiting = turns.waiting.iter().enumerate();
            let next = waiting
                .filter(|(_, w)| may_have(w))
                .min_by_key(|(_, w)| of(w));
            let Some(next) = next.map(|(index, _)| index) else {
                return;
            };
            let Waiting { account_id, turn } = turns.waiting.remove(next);
            turns.n_taken += 1;
            *turns.taken.entry(account_id).or_default() += 1;
            drop(turns);
            let slot = QuerySlot {
                account_id,
                since: clock::monotonic(),
                shared: Arc::clone(self),
            };
            // A query that does not wait any more gives it back, which is the drop.
            drop(turn.send(slot));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    fn taken_by(&self, account_id: i64) -> usize {
        self.taken.get(&account_id).copied().unwrap_or(0)
    }

    /// Whether accounts wait that have fewer slots than this one.
    fn has_more_than_others(&self, account_id: i64) -> bool {
        let n_mine = self.taken_by(account_id);
        let mut others = self.waiting.iter().filter(|w| !w.turn.is_closed());
        others.any(|waiting| self.taken_by(waiting.account_id) < n_mine)
    }
}

impl QuerySlot {
    /// Waits until its time is over that it has while others wait, a tenth of `time_limit`, and
    /// returns how long that is.
    pub(crate) async fn overtime(&self, time_limit: Duration) -> Duration {
        let share = time_limit / HASTE;
        tokio::time::sleep_until((self.since + share).into()).await;
        loop {
            let awaited = self.shared.awaited.notified();
            tokio::pin!(awaited);
            awaited.as_mut().enable();
            if self.shared.lock().has_more_than_others(self.account_id) {
                return share;
            }
            awaited.await;
        }
    }
}

impl Drop for QuerySlot {
    fn drop(&mut self) {
        let mut turns = self.shared.lock();
        turns.n_taken -= 1;
        if let Some(n) = turns.taken.get_mut(&self.account_id) {
            *n -= 1;
            if *n == 0 {
                turns.taken.remove(&self.account_id);
            }
        }
        drop(turns);
        self.shared.give_turns();
        self.shared.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const SOON: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_second_try_waits_for_an_end_and_for_the_one_before_it() {
        let slots = QuerySlots::new(2);
        let (one, two) = (slots.take(1).await, slots.take(1).await);
        let mut first = Box::pin(slots.second_try(SOON));
        assert!((&mut first).now_or_never().is_none());
        let mut second = Box::pin(slots.second_try(SOON));
        assert!((&mut second).now_or_never().is_none());

        drop(one);
        let turn = first.await;
        assert!(turn.is_some());
        assert!((&mut second).now_or_never().is_none());
        drop(two);
        assert!((&mut second).now_or_never().is_none());
        drop(turn);
        assert!(second.await.is_some());
    }

    #[tokio::test]
    async fn a_query_that_waits_too_long_does_not_try_again() {
        let slots = QuerySlots::new(1);
        let _endless = slots.take(1).await;
        assert!(slots.second_try(Duration::from_millis(1)).await.is_none());
    }

    #[tokio::test]
    async fn slots_go_round_by_account() {
        let slots = QuerySlots::new(2);
        let (one, two) = (slots.take(1).await, slots.take(1).await);
        let mut third = Box::pin(slots.take(1));
        assert!((&mut third).now_or_never().is_none());
        let mut gone = Box::pin(slots.take(2));
        assert!((&mut gone).now_or_never().is_none());
        let mut other = Box::pin(slots.take(3));
        assert!((&mut other).now_or_never().is_none());
        drop(gone);
        // The account without a slot is before the one that came first, and what went away has no turn.
        drop(one);
        assert!((&mut third).now_or_never().is_none());
        let other = other.now_or_never().unwrap();
        drop(two);
        assert!(third.now_or_never().is_some());
        drop(other);
    }

    #[tokio::test]
    async fn a_confined_account_has_one_slot_until_its_time_is_over() {
        let slots = QuerySlots::new(3);
        slots.confine(1, SOON);
        let one = slots.take(1).await;
        let mut second = Box::pin(slots.take(1));
        assert!((&mut second).now_or_never().is_none());
        let other = slots.take(2).now_or_never();
        assert!(other.is_some());
        drop(one);
        let second = second.now_or_never();
        assert!(second.is_some());

        slots.confine(1, Duration::ZERO);
        assert!(slots.take(1).now_or_never().is_some());
    }

    #[tokio::test]
    async fn an_account_with_more_than_others_has_less_time_while_they_wait() {
        let slots = QuerySlots::new(2);
        let (one, _two) = (slots.take(1).await, slots.take(1).await);
        let mut overtime = Box::pin(one.overtime(Duration::from_millis(10)));
        let short = Duration::from_millis(50);
        assert!(timeout(short, &mut overtime).await.is_err());
        // One more of its own is no reason.
        let mut third = Box::pin(slots.take(1));
        assert!((&mut third).now_or_never().is_none());
        assert!(timeout(short, &mut overtime).await.is_err());
        let mut other = Box::pin(slots.take(2));
        assert!((&mut other).now_or_never().is_none());
        assert_eq!(overtime.await, Duration::from_millis(1));
    }
}
