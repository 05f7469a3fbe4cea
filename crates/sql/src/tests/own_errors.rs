//! The messages that lowered queries raise themselves.

use std::path::Path;

use crate::OWN_ERRORS;

#[test]
fn each_message_that_a_lowered_query_raises_is_known() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lower");
    let mut n_found = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for message in text.split("error('").skip(1) {
            // What a constant holds is in the table word by word.
            if message.starts_with('{') || message.starts_with('…') {
                continue;
            }
            n_found += 1;
            assert!(
                OWN_ERRORS.iter().any(|own| message.starts_with(own)),
                "{}: {}",
                path.display(),
                message.split('\'').next().unwrap_or_default()
            );
        }
    }
    assert!(n_found > 3);
}
