use std::io::Write;

use axum::http::HeaderValue;
use futures::stream;

use super::*;

const ANNA: Source = Source::Account(1);
const OMAR: Source = Source::Account(2);

fn admission(configure: impl FnOnce(&mut Config)) -> Admission {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::for_testing(dir.path().to_owned());
    configure(&mut config);
    Admission::new(&config)
}

fn small_room(config: &mut Config) {
    config.ingest.max_inflight_bytes = 4 << 20;
    config.ingest.max_body_bytes = 1 << 20;
}

/// A body that never ends.
fn unending(first: &'static [u8]) -> Body {
    let first = stream::iter([Ok::<_, std::io::Error>(first)]);
    Body::from_stream(first.chain(stream::pending()))
}

fn announcing(n_bytes: usize) -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_LENGTH, HeaderValue::from(n_bytes))])
}

fn gzip() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))])
}

fn packed(text: &[u8]) -> Body {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text).unwrap();
    Body::from(packer.finish().unwrap())
}

/// Lets a future get as far as it gets without waiting.
async fn begin<F: Future>(future: std::pin::Pin<&mut F>) {
    assert!(tokio::time::timeout(Duration::ZERO, future).await.is_err());
}

#[tokio::test]
async fn what_is_announced_takes_no_room() {
    let admission = admission(small_room);
    let mut silent = Vec::new();
    for n in 0..100 {
        let admission = admission.clone();
        let mut read = Box::pin(async move {
            let body = unending(b"[");
            let source = Source::Account(n % 2);
            admission.read(source, &announcing(1 << 20), body).await
        });
        begin(read.as_mut()).await;
        silent.push(read);
    }
    let body = Body::from(vec![b' '; 1 << 20]);
    let read = admission.read(ANNA, &announcing(1 << 20), body).await;
    assert_eq!(read.map(|body| body.bytes.len()).ok(), Some(1 << 20));
}

#[tokio::test]
async fn one_source_leaves_room_to_others_and_large_bodies_to_small_ones() {
    let admission = admission(small_room);
    let large = || Body::from(vec![b' '; 1 << 20]);
    let none = HeaderMap::new();
    let mut held = Vec::new();
    // Half of three quarters of 4 MiB.
    held.push(admission.read(ANNA, &none, large()).await.unwrap());
    let refused = admission.read(ANNA, &none, large()).await;
    assert!(matches!(refused, Err(ApiError::TooManyBodies)));
    held.push(admission.read(OMAR, &none, large()).await.unwrap());
    let third = Source::Account(3);
    held.push(admission.read(third, &none, large()).await.unwrap());
    let refused = admission.read(Source::Account(4), &none, large()).await;
    assert!(matches!(refused, Err(ApiError::TooManyBodies)));
    for source in [ANNA, OMAR, third, Source::Account(4)] {
        held.push(
            admission
                .read(source, &none, Body::from("[]"))
                .await
                .unwrap(),
        );
        held.push(admission.read_form(source, Body::from("{}")).await.unwrap());
    }
    drop(held);
    admission.read(ANNA, &none, large()).await.unwrap();
}

#[tokio::test]
async fn bodies_beyond_their_limit_are_refused_in_every_form() {
    let admission = admission(small_room);
    let cases = [
        ("announced", announcing((1 << 20) + 1), unending(b"")),
        (
            "sent",
            HeaderMap::new(),
            Body::from(vec![b' '; (1 << 20) + 1]),
        ),
        ("packed", gzip(), packed(&vec![b' '; (1 << 20) + 1])),
    ];
    for (case, headers, body) in cases {
        let refused = admission.read(ANNA, &headers, body).await;
        assert!(
            matches!(refused, Err(ApiError::BodyTooLarge { .. })),
            "{case}"
        );
    }
    let form = admission
        .read_form(ANNA, Body::from(vec![b' '; MAX_FORM_BYTES + 1]))
        .await;
    assert!(matches!(form, Err(ApiError::BodyTooLarge { .. })));
    assert_eq!(
        admission
            .read(ANNA, &gzip(), packed(b"[]"))
            .await
            .unwrap()
            .bytes,
        "[]"
    );
}

#[tokio::test]
async fn events_wait_for_room_by_their_number_and_small_requests_pass() {
    let admission = admission(|config| config.ingest.max_inflight_bytes = 256 << 20);
    let bomb = || packed(format!("[{}]", vec![r#"{"scope":"a"}"#; 200_000].join(",")).as_bytes());
    let few = || Body::from(format!("[{}]", vec![r#"{"scope":"a"}"#; 900].join(",")));
    let first = admission.read(ANNA, &gzip(), bomb()).await.unwrap();
    let second = admission.read(ANNA, &gzip(), bomb()).await.unwrap();
    let room = admission.room_for_events(&first).await.unwrap();
    let mut waiting = Box::pin(admission.room_for_events(&second));
    begin(waiting.as_mut()).await;
    let small = admission
        .read(ANNA, &HeaderMap::new(), few())
        .await
        .unwrap();
    admission.room_for_events(&small).await.unwrap();
    let other = admission.read(OMAR, &gzip(), bomb()).await.unwrap();
    admission.room_for_events(&other).await.unwrap();
    drop(room);
    waiting.await.unwrap();
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let admission = admission(|config| {
        config.connections.body_timeout_ms = 1;
        config.connections.min_body_rate_bytes = 1 << 20;
    });
    let slow = admission
        .read(ANNA, &HeaderMap::new(), unending(b"["))
        .await;
    assert!(matches!(slow, Err(ApiError::BodyTooSlow)));
    let form = admission.read_form(ANNA, unending(b"{")).await;
    assert!(matches!(form, Err(ApiError::BodyTooSlow)));
}

#[test]
fn the_least_rate_counts_after_the_grace() {
    let pace = Pace {
        grace: Duration::from_secs(30),
        bytes_per_s: 32 << 10,
    };
    let cases = [(0, 30), (32 << 10, 31), (100 << 20, 3230)];
    for (n_bytes, seconds) in cases {
        assert_eq!(
            pace.deadline(n_bytes),
            Duration::from_secs(seconds),
            "{n_bytes}"
        );
    }
}
