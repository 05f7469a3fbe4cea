//! The two text formats of metrics: `OpenMetrics` where it is asked for, else Prometheus's own.

use std::collections::HashSet;

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// Prometheus's text format 0.0.4, which all that scrape read.
    Prometheus,
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
}

impl TextFormat {
    /// `OpenMetrics` if the values of `Accept` name it and want nothing else more.
    pub fn accepted<'a>(values: impl IntoIterator<Item = &'a str>) -> TextFormat {
        let (mut open_metrics, mut plain) = (0.0, 0.0_f32);
        for range in values.into_iter().flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let wanted = match parts.next().unwrap_or_default() {
                essence if essence.eq_ignore_ascii_case("application/openmetrics-text") => {
                    &mut open_metrics
                }
                essence if essence.eq_ignore_ascii_case("text/plain") => &mut plain,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            *wanted = wanted.max(weight.unwrap_or(1.0));
        }
        if open_metrics > 0.0 && open_metrics >= plain {
            TextFormat::OpenMetrics
        } else {
            TextFormat::Prometheus
        }
    }

    /// What answers of it say they are.
    pub fn media_type(self) -> &'static str {
        match self {
            TextFormat::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            TextFormat::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The metrics, which are given as `OpenMetrics`.
    pub fn write(self, open_metrics: String) -> String {
        match self {
            TextFormat::Prometheus => to_prometheus(&open_metrics),
            TextFormat::OpenMetrics => open_metrics,
        }
    }
}

/// In Prometheus's format a family has the name of its samples, which of counters ends with
/// `_total`; there is no unit and no end of the text.
fn to_prometheus(open_metrics: &str) -> String {
    let lines = || open_metrics.lines();
    let counters: HashSet<&str> = lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in lines() {
        let described = line
            .strip_prefix("# HELP ")
            .map(|rest| ("# HELP ", rest))
            .or_else(|| line.strip_prefix("# TYPE ").map(|rest| ("# TYPE ", rest)));
        if let Some((keyword, rest)) = described {
            let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let suffix = if counters.contains(name) {
                "_total"
            } else {
                ""
            };
            let rest = if rest == "unknown" { "untyped" } else { rest };
            text.extend([keyword, name, suffix, " ", rest, "\n"]);
        } else if !line.starts_with("# ") {
            text.extend([line, "\n"]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::registry::{Registry, Unit};

    use super::*;

    #[test]
    fn every_type_of_metric_in_both_formats() {
        let mut registry = Registry::with_prefix("a");
        let counter: Family<Vec<(&str, &str)>, Counter> = Family::default();
        counter
            .get_or_create(&vec![("endpoint", "x # y")])
            .inc_by(3);
        registry.register("rows", "Rows", counter);
        let gauge: Gauge = Gauge::default();
        registry.register_with_unit("room", "Room", Unit::Bytes, gauge);
        let histogram = Histogram::new([0.5]);
        histogram.observe(0.1);
        registry.register("seconds", "Time", histogram);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(
            TextFormat::OpenMetrics
                .write(text.clone())
                .ends_with("# EOF\n")
        );
        insta::assert_snapshot!(TextFormat::Prometheus.write(text), @r#"
        # HELP a_rows_total Rows.
        # TYPE a_rows_total counter
        a_rows_total{endpoint="x # y"} 3
        # HELP a_room_bytes Room.
        # TYPE a_room_bytes gauge
        a_room_bytes 0
        # HELP a_seconds Time.
        # TYPE a_seconds histogram
        a_seconds_sum 0.1
        a_seconds_count 1
        a_seconds_bucket{le="0.5"} 1
        a_seconds_bucket{le="+Inf"} 1
        "#);
    }

    #[test]
    fn open_metrics_is_for_who_asks_for_it() {
        use TextFormat::{OpenMetrics, Prometheus};
        let cases = [
            ("", Prometheus),
            ("*/*", Prometheus),
            ("text/plain", Prometheus),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Prometheus),
            ("application/openmetrics-text", OpenMetrics),
            ("Application/OpenMetrics-Text; version=1.0.0", OpenMetrics),
            ("application/openmetrics-text;q=0", Prometheus),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
                OpenMetrics,
            ),
            (
                "application/openmetrics-text;q=0.2, text/plain;q=0.7",
                Prometheus,
            ),
            ("application/openmetrics-text;q=x", OpenMetrics),
        ];
        for (accept, expected) in cases {
            assert_eq!(TextFormat::accepted([accept]), expected, "{accept:?}");
        }
        assert_eq!(TextFormat::accepted([]), Prometheus);
    }
}
