//! Labels of metrics, and the words that they hold.

use std::fmt::Write;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// Where events come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /api/events`.
    Client,
    /// The ingest port.
    Ingest,
    /// INSERT on the port of ClickHouse's interface.
    ClickHouse,
}

impl EncodeLabelValue for Endpoint {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(match self {
            Endpoint::Client => "client",
            Endpoint::Ingest => "ingest",
            Endpoint::ClickHouse => "clickhouse",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByEndpoint {
    pub(super) endpoint: Endpoint,
}

/// An event that was stored in another form than it was sent in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByMend {
    pub(super) endpoint: Endpoint,
    pub(super) kind: &'static str,
}

/// An event that could not be stored, by the first field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByField {
    pub(super) endpoint: Endpoint,
    pub(super) field: String,
}

/// What became of a webhook's delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryOutcome {
    /// It told something new.
    Changed,
    /// All was known.
    Repeated,
    /// Something newer was known.
    Late,
    /// It is none of the tool's.
    Invalid,
    /// Its signature is wrong.
    Unauthenticated,
    /// It could not be kept; the sender has it still.
    Unavailable,
}

impl EncodeLabelValue for DeliveryOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(match self {
            DeliveryOutcome::Changed => "changed",
            DeliveryOutcome::Repeated => "repeated",
            DeliveryOutcome::Late => "late",
            DeliveryOutcome::Invalid => "invalid",
            DeliveryOutcome::Unauthenticated => "unauthenticated",
            DeliveryOutcome::Unavailable => "unavailable",
        })
    }
}

/// A delivery of a webhook, by the kind of tool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByDelivery {
    pub(super) kind: &'static str,
    pub(super) outcome: DeliveryOutcome,
}

/// Which of the ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortName {
    /// Of the API and the page.
    Main,
    /// Of the servers.
    Ingest,
    /// Of clients of ClickHouse.
    ClickHouse,
}

impl EncodeLabelValue for PortName {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(match self {
            PortName::Main => "main",
            PortName::Ingest => "ingest",
            PortName::ClickHouse => "clickhouse",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByPort {
    pub(super) port: PortName,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByEnd {
    pub(super) port: PortName,
    pub(super) reason: Closed,
}

/// Why a connection was closed by us, in metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closed {
    /// The head of a request did not come in time.
    HeadTimeout,
    /// No further request came in time.
    IdleTimeout,
    /// The client took nothing of its answer in time.
    WriteTimeout,
    /// It held no request, and another client needed its place.
    Displaced,
    /// All places were taken by connections with requests.
    Refused,
}

impl Closed {
    fn as_str(self) -> &'static str {
        match self {
            Closed::HeadTimeout => "head_timeout",
            Closed::IdleTimeout => "idle_timeout",
            Closed::WriteTimeout => "write_timeout",
            Closed::Displaced => "displaced",
            Closed::Refused => "refused",
        }
    }
}

impl EncodeLabelValue for Closed {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByOutcome {
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) route: String,
    pub(super) status: u16,
}
