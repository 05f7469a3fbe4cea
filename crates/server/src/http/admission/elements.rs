//! How many events a body may become, without reading it as JSON.

/// At most so deep lie the arrays of events: within an object on the client endpoint, not within
/// anything on the ingest endpoint.
const EVENTS_DEPTH: usize = 2;

/// An upper bound of the events of a body, and close to their number: values one after another,
/// and elements of arrays that lie as deep as arrays of events do.
pub(super) fn count(body: &[u8]) -> usize {
    let mut count = 0;
    // Kinds of what is open, the innermost in the lowest bit: 1 is an array.
    let mut kinds: u8 = 0;
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        at += 1;
        match byte {
            b'"' => at = after_string(body, at),
            b'{' | b'[' => {
                if depth == 0 {
                    count += 1;
                }
                depth += 1;
                if depth <= EVENTS_DEPTH {
                    kinds = (kinds << 1) | u8::from(byte == b'[');
                }
            }
            b'}' | b']' => {
                if depth <= EVENTS_DEPTH {
                    kinds >>= 1;
                }
                depth = depth.saturating_sub(1);
            }
            b',' if depth <= EVENTS_DEPTH && kinds & 1 == 1 => count += 1,
            _ => {}
        }
    }
    count
}

/// The place after the string that begins before `at`.
fn after_string(body: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = body.get(at) {
        at += 1;
        match byte {
            b'"' => break,
            b'\\' => at += 1,
            _ => {}
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn events_are_counted_in_every_shape_of_body() {
        let many = |text: &str| vec![text; 1000].join(",");
        let cases = [
            (String::new(), 0),
            (r#"{"scope":"a"}"#.to_owned(), 1),
            (format!("[{}]", many(r#"{"scope":"a","x":1}"#)), 1000),
            (r#"{"scope":"a"}"#.repeat(1000), 1000),
            ("{\"a\":1}\n".repeat(1000), 1000),
            (
                format!(
                    r#"{{"events":[{}]}}"#,
                    many(r#"{"a":[1,2],"b":{"c":[3,4]}}"#)
                ),
                1000,
            ),
            (format!("[{}]", many("1")), 1000),
            // Not what is in texts, nor within payloads.
            (format!(r#"[{{"payload":"{{\"a\":[{}]}}"}}]"#, many("1")), 1),
            (format!(r#"{{"payload":{{"a":[{}]}}}}"#, many("1")), 1),
            (format!(r#"[{{"payload":{{"a":[{}]}}}}]"#, many("[1,2]")), 1),
            // Whatever is no JSON has an end, too.
            ("]]]]}}}}".to_owned() + &"{".repeat(300) + "\"\\", 1),
        ];
        for (body, expected) in cases {
            let found = count(body.as_bytes());
            let shown: String = body.chars().take(60).collect();
            // An object around the array counts as well.
            let is_close = (expected..=expected + 2).contains(&found);
            assert!(is_close, "{shown}: {found}, not {expected}");
        }
    }
}
