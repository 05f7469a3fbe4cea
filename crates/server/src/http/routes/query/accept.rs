//! The format of an answer whose query names none.

use annoscope_formats::Format;
use axum::http::{HeaderMap, header};

/// The first of the formats that the client accepts, by its own order; JSON where it accepts none of them,
/// since most clients say nothing of use.
pub(super) fn accepted(headers: &HeaderMap) -> Format {
    let values = headers.get_all(header::ACCEPT).into_iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let format_of = |range: &str| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        [
            ("application/json", Format::Json),
            ("text/csv", Format::Csv),
            (Format::Arrow.media_type(), Format::Arrow),
        ]
        .into_iter()
        .find(|(name, _)| essence.eq_ignore_ascii_case(name))
        .map(|(_, format)| format)
    };
    ranges
        .map(str::trim)
        .find_map(format_of)
        .unwrap_or(Format::Json)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_client_chooses_the_format() {
        let cases = [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("application/json", Format::Json),
            ("text/csv", Format::Csv),
            ("Text/CSV; header=present", Format::Csv),
            ("text/html, text/csv;q=0.9, */*", Format::Csv),
            ("application/vnd.apache.arrow.stream", Format::Arrow),
            ("application/json, text/csv", Format::Json),
            ("image/png", Format::Json),
        ];
        for (accept, expected) in cases {
            let value = HeaderValue::from_static(accept);
            let headers = HeaderMap::from_iter([(header::ACCEPT, value)]);
            assert_eq!(accepted(&headers), expected, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Format::Json);
    }
}
