//! Two annoscopes whose exports are in one directory.

use super::*;

/// The exports of two annoscopes, which the test works off.
fn two(fixture: &Fixture) -> [Exports; 2] {
    let shared = fixture.config.data_dir.join("shared");
    ["0", "1"].map(|node| {
        fixture.idle_with(ExportSettings {
            dir: shared.join(node),
            shared: Some(shared.clone()),
            ..fixture.config.export_settings()
        })
    })
}

#[tokio::test]
async fn exports_of_another_annoscope_are_seen_and_handed_out() {
    let fixture = Fixture::new();
    fixture.append(vec![event("a:b", NOON_MS)]).await;
    let [one, two] = two(&fixture);
    let now = clock::now();
    let id = Uuid::from_u128(7);
    let key = one.start(owner(1), id, request(), now).await.unwrap();
    assert_eq!(two.get(key, now).await.unwrap().state, State::Queued);
    let early = two.download(key, now).await.map(|_| ());
    assert!(
        matches!(early, Err(ExportError::NotFinished { .. })),
        "{early:?}"
    );
    one.work_off();
    let now = clock::now();
    let seen = two.get(key, now).await.unwrap();
    assert_eq!(Some(&seen), one.get(key, now).await.as_ref());
    assert_eq!(two.of_owner(1, now).await, [seen]);
    assert!(two.of_owner(2, now).await.is_empty());
    assert_eq!(two.content(key).await, one.content(key).await);

    // It is the other one's to take back and to remove.
    two.download(key, now).await.unwrap().consume().now();
    assert!(matches!(
        two.cancel(key, now).await,
        Err(ExportError::Unknown)
    ));
    assert!(two.download(key, now).await.is_ok());
    assert!(two.get(key, hours_later(2)).await.is_none());
    // One of its own under the same id comes first.
    two.start(owner(1), id, request(), now).await.unwrap();
    assert_eq!(two.get(key, now).await.unwrap().state, State::Queued);
    assert_eq!(two.of_owner(1, now).await.len(), 1);
}

#[tokio::test]
async fn an_export_whose_annoscope_is_gone_has_failed_in_the_end() {
    let fixture = Fixture::new();
    let [one, two] = two(&fixture);
    let now = clock::now();
    let key = one
        .start(owner(1), Uuid::from_u128(7), request(), now)
        .await
        .unwrap();
    let timeout_us = i64::try_from(fixture.config.export_settings().timeout.as_micros()).unwrap();
    let later = Timestamp::from_micros(now.micros() + timeout_us);
    let job = two.get(key, later).await.unwrap();
    assert!(matches!(job.state, State::Failed { .. }), "{:?}", job.state);
}
