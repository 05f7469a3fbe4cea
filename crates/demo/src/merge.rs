//! All streams as one, in time order and in bounded memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use annoscope_events::StoredEvent;

use crate::annotator::Annotator;
use crate::chance::Chance;
use crate::config::{DemoConfig, DemoConfigError};
use crate::happenings::Happening;
use crate::page::{ClientCall, Delivery, Outbox};
use crate::plan::Plan;
use crate::world;

/// The events of a demo, in time order.
pub struct Demo {
    streams: Streams,
    /// What was made and may not go out yet: something earlier may still be made.
    waiting: Outbox,
    /// What goes out next.
    ready: std::vec::IntoIter<StoredEvent>,
    n_left: u64,
    /// Events to collect before they are sorted.
    n_to_sort: usize,
}

/// Bodies for `POST /api/events`.
pub struct ClientCalls {
    streams: Streams,
    outbox: Outbox,
}

/// Everything that makes events, and whose turn it is.
struct Streams {
    plan: Plan,
    chance: Chance,
    annotators: Vec<Annotator>,
    /// Index of the next happening.
    happening: usize,
    /// Whose turn it is: a time before which the stream has no more events, and the stream.
    turns: BinaryHeap<Reverse<(i64, Turn)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Happening,
    Annotator(usize),
}

/// Large enough that sorting is cheap, small enough for the caches.
const SORTED_EVENTS: usize = 8192;

impl Demo {
    pub(super) fn new(config: &DemoConfig) -> Result<Demo, DemoConfigError> {
        Ok(Demo {
            streams: Streams::new(config, Delivery::Stored)?,
            waiting: Outbox::default(),
            ready: Vec::new().into_iter(),
            n_left: config.events,
            n_to_sort: SORTED_EVENTS,
        })
    }

    /// Makes events until some can go out. None can when all have.
    fn make(&mut self) {
        while self.waiting.stored.len() < self.n_to_sort && self.streams.go_on(&mut self.waiting) {}
    }
}

impl Iterator for Demo {
    type Item = StoredEvent;

    fn next(&mut self) -> Option<StoredEvent> {
        if self.n_left == 0 {
            return None;
        }
        loop {
            if let Some(event) = self.ready.next() {
                self.n_left -= 1;
                return Some(event);
            }
            self.make();
            let waiting = &mut self.waiting.stored;
            if waiting.is_empty() {
                return None;
            }
            // Stable, so that events of the same time stay in the order they were made.
            waiting.sort_by_key(|stored| stored.event.timestamp);
            let n_ready = match self.streams.no_event_before_ms() {
                Some(ms) => waiting.partition_point(|stored| stored.event.timestamp.millis() < ms),
                None => waiting.len(),
            };
            // At high density more must be collected for the same share to be ready.
            self.n_to_sort = SORTED_EVENTS.max(2 * (waiting.len() - n_ready));
            let rest = waiting.split_off(n_ready);
            self.ready = std::mem::replace(waiting, rest).into_iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, usize::try_from(self.n_left).ok())
    }
}

impl ClientCalls {
    pub(super) fn new(
        config: &DemoConfig,
        n_events: usize,
    ) -> Result<ClientCalls, DemoConfigError> {
        let streams = Streams::new(
            config,
            Delivery::Called {
                n_events: n_events.max(1),
            },
        )?;
        Ok(ClientCalls {
            streams,
            outbox: Outbox::default(),
        })
    }
}

impl Iterator for ClientCalls {
    type Item = ClientCall;

    fn next(&mut self) -> Option<ClientCall> {
        loop {
            self.outbox.stored.clear();
            if let Some(call) = self.outbox.calls.pop() {
                return Some(call);
            }
            if !self.streams.go_on(&mut self.outbox) {
                return None;
            }
            self.outbox.calls.reverse();
        }
    }
}

impl Streams {
    fn new(config: &DemoConfig, delivery: Delivery) -> Result<Streams, DemoConfigError> {
        let plan = Plan::new(config)?;
        let annotators: Vec<Annotator> = (0..plan.people.len())
            .map(|person| Annotator::new(person, &plan, Plan::chance(config, person), delivery))
            .collect();
        let mut turns = BinaryHeap::with_capacity(annotators.len() + 1);
        for (index, annotator) in annotators.iter().enumerate() {
            turns.extend(
                annotator
                    .no_event_before_ms()
                    .map(|ms| Reverse((ms, Turn::Annotator(index)))),
            );
        }
        turns.extend(
            plan.happenings
                .first()
                .map(|happening| Reverse((happening.at_ms, Turn::Happening))),
        );
        let chance = Chance::new(config.seed, 0);
        Ok(Streams {
            plan,
            chance,
            annotators,
            happening: 0,
            turns,
        })
    }

    fn no_event_before_ms(&self) -> Option<i64> {
        self.turns.peek().map(|Reverse((ms, _))| *ms)
    }

    /// Lets the stream go on whose turn it is. False when all have ended.
    fn go_on(&mut self, outbox: &mut Outbox) -> bool {
        let Some(Reverse((_, turn))) = self.turns.pop() else {
            return false;
        };
        let next_ms = match turn {
            Turn::Annotator(index) => {
                let annotator = &mut self.annotators[index];
                annotator.go_on(&self.plan, outbox);
                annotator.no_event_before_ms()
            }
            Turn::Happening => {
                let happening: Happening = self.plan.happenings[self.happening];
                outbox
                    .stored
                    .push(world::event(happening, &self.plan, &mut self.chance));
                self.happening += 1;
                self.plan
                    .happenings
                    .get(self.happening)
                    .map(|next| next.at_ms)
            }
        };
        self.turns.extend(next_ms.map(|ms| Reverse((ms, turn))));
        true
    }
}
