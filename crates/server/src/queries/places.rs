//! Places of queries in the store, and turns of those that others left no memory.
//!
//! All queries share the database's memory. When none is left, DuckDB fails whoever asks for more,
//! which may be a small query beside a large one: so who fails in company may try again after
//! another's end. One at a time, or two that failed by each other would do so again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{AcquireError, Mutex, Notify, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// As many places as the store runs queries at once. Who waits for one keeps its turn.
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// How many there are.
    n: usize,
    freed: Arc<Notify>,
    second_tries: Arc<Mutex<()>>,
}

/// A place that is taken, until it is dropped.
pub(super) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    freed: Arc<Notify>,
}

impl Places {
    pub(super) fn new(n_places: usize) -> Places {
        Places {
            free: Arc::new(Semaphore::new(n_places)),
            n: n_places,
            freed: Arc::default(),
            second_tries: Arc::default(),
        }
    }

    /// Waits for a place.
    pub(super) async fn take(&self) -> Result<Place, AcquireError> {
        Ok(Place {
            permit: Some(Arc::clone(&self.free).acquire_owned().await?),
            freed: Arc::clone(&self.freed),
        })
    }

    /// The turn of a query that failed for want of memory and has given its place back: when
    /// nobody else tries again, and somebody who had a place has ended. `None` if that takes
    /// longer than `patience`.
    pub(super) async fn second_try(&self, patience: Duration) -> Option<OwnedMutexGuard<()>> {
        let turn = async {
            let turn = Arc::clone(&self.second_tries).lock_owned().await;
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if self.free.available_permits() < self.n {
                freed.await;
            }
            turn
        };
        timeout(patience, turn).await.ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const SOON: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_second_try_waits_for_an_end_and_for_the_one_before_it() {
        let places = Places::new(2);
        let (one, two) = (places.take().await.unwrap(), places.take().await.unwrap());
        let mut first = Box::pin(places.second_try(SOON));
        assert!((&mut first).now_or_never().is_none());
        let mut second = Box::pin(places.second_try(SOON));
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
    async fn who_waits_too_long_does_not_try_again() {
        let places = Places::new(1);
        let _endless = places.take().await.unwrap();
        assert!(places.second_try(Duration::from_millis(1)).await.is_none());
    }
}
