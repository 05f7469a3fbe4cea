//! A client behind a bad network: what is stored does not depend on which answers arrive.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Network {
    Good,
    LosesRequest,
    LosesAnswer,
}

/// Events between two saves, and what happens at the save that follows them.
#[derive(Clone, Debug)]
struct Step {
    events: Vec<String>,
    network: Network,
    latency_ms: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let event = (0..200_000_i64, 0..3_u8, 0..150_000_u32, 0..4_u8).prop_map(
        |(gap_us, scope, duration_ms, job)| {
            // Many gaps of zero, so that twins occur.
            let gap_us = if gap_us % 4 == 0 { 0 } else { gap_us * 700 };
            (gap_us, scope, duration_ms, job)
        },
    );
    let network = prop_oneof![
        2 => Just(Network::Good),
        1 => Just(Network::LosesRequest),
        2 => Just(Network::LosesAnswer),
    ];
    let step = (proptest::collection::vec(event, 0..6), network, 0..2000_i64);
    proptest::collection::vec(step, 1..8).prop_map(|steps| {
        let mut micros = NOON_MS * 1000;
        steps
            .into_iter()
            .map(|(events, network, latency_ms)| Step {
                events: events
                    .into_iter()
                    .map(|(gap_us, scope, duration_ms, job)| {
                        micros += gap_us;
                        let scope =
                            ["click:element", "change:frame", "user:activity"][usize::from(scope)];
                        let timestamp = Timestamp::from_micros(micros);
                        format!(
                            "{{\"scope\":\"{scope}\",\"timestamp\":\"{timestamp}\",\
                             \"duration\":{duration_ms},\"job_id\":{job}}}"
                        )
                    })
                    .collect(),
                network,
                latency_ms,
            })
            .collect()
    })
}

/// The server: the real pipeline with a set as the window of known hashes.
#[derive(Default)]
struct Server {
    window: HashSet<EventHash>,
    stored: Vec<StoredEvent>,
}

impl Server {
    fn receive(&mut self, body: &str, received_at: Timestamp, request_id: Uuid) {
        let request = ClientRequest::parse(body.as_bytes()).unwrap();
        let duplicates: Vec<bool> = request
            .hashes(&sender())
            .into_iter()
            .map(|hash| !self.window.insert(hash))
            .collect();
        let request = request.correct(received_at);
        self.stored
            .extend(request.accept(&sender(), request_id, &duplicates));
    }
}

/// Plays CVAT's logger (contract.md, "The browser's logger") and gives what the server has stored.
/// `knows` tells whether the client learns that its request arrived.
fn play(steps: &[Step], knows: impl Fn(Network) -> bool) -> Vec<StoredEvent> {
    let mut server = Server::default();
    let mut queue: Vec<String> = Vec::new();
    let mut last_saved: Option<String> = None;
    let mut now_ms = NOON_MS;
    for (index, step) in steps.iter().enumerate() {
        queue.extend(step.events.iter().cloned());
        now_ms += 90_000;
        if queue.is_empty() {
            continue;
        }
        let previous = last_saved.as_deref().unwrap_or("null");
        let body = format!(
            "{{\"events\":[{}],\"previous_event\":{previous},\"timestamp\":\"{}\"}}",
            queue.join(","),
            // Late enough that no event lies in the future.
            Timestamp::from_millis(now_ms + 10_000_000)
        );
        if step.network != Network::LosesRequest {
            let received_at = Timestamp::from_millis(now_ms + step.latency_ms);
            server.receive(&body, received_at, Uuid::from_u128(index as u128));
        }
        if knows(step.network) {
            last_saved = queue.pop();
            queue.clear();
        }
    }
    server.stored
}

proptest! {
    #[test]
    fn lost_answers_change_nothing(steps in steps()) {
        let in_bad_network = play(&steps, |network| network == Network::Good);
        let in_good_network = play(&steps, |network| network != Network::LosesRequest);
        prop_assert_eq!(in_bad_network, in_good_network);
    }
}
