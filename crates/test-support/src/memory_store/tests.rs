use futures::TryStreamExt;
use uuid::Uuid;

use super::*;
use crate::contract::{Subject, Texts};
use crate::{NOW, event};

struct InMemory {
    disk: Disk,
    store: MemoryStore,
}

fn empty() -> InMemory {
    let disk = Disk::default();
    let store = MemoryStore::open(&disk);
    InMemory { disk, store }
}

impl Subject for InMemory {
    fn store(&self) -> &dyn EventStore {
        &self.store
    }

    fn open_again(&mut self) {
        self.store = MemoryStore::open(&self.disk);
    }

    fn texts(&self) -> Texts {
        Texts {
            events: MemoryStore::EVENTS,
            brought: MemoryStore::BROUGHT,
            endless: MemoryStore::ENDLESS,
        }
    }
}

crate::contract_tests!(empty);

async fn append(store: &MemoryStore, second: i64) -> Position {
    let batch = EventBatch {
        events: vec![event(second, second)],
        received_at: NOW,
        request_id: Uuid::nil(),
        reservation: store.reserve(Vec::new()).await.unwrap(),
    };
    store.append(batch).await.unwrap()
}

async fn n_exported(store: &MemoryStore) -> usize {
    let export = store.export(EventFilter::default()).unwrap();
    let batches: Vec<RecordBatch> = export.try_collect().await.unwrap();
    batches.iter().map(RecordBatch::num_rows).sum()
}

#[tokio::test]
async fn what_is_durable_is_visible_when_the_test_says_so() {
    let InMemory { disk, store } = empty();
    store.hold();
    let (first, second) = (append(&store, 0).await, append(&store, 1).await);
    assert_eq!(store.visible(), Position(0));
    assert_eq!(store.stats().rows_total, 2);
    assert_eq!(n_exported(&store).await, 0);
    let mut waiting = store.wait_until_visible(second);
    assert!((&mut waiting).now_or_never().is_none());

    store.show(first);
    assert_eq!(store.visible(), first);
    assert_eq!(n_exported(&store).await, 1);
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(store.changes().map(Changes::latest), Some(1));

    store.show(second);
    waiting.await.unwrap();
    assert_eq!(n_exported(&store).await, 2);
    assert_eq!(store.changes().map(Changes::latest), Some(2));

    let never = store.wait_until_visible(Position(3));
    store.close();
    assert!(matches!(never.await, Err(StoreError::NotOpen)));
    assert_eq!(n_exported(&MemoryStore::open(&disk)).await, 2);
}
