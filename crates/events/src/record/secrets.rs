//! Secrets, known by their names.
//!
//! A name is taken apart into words at `_`, `-`, other signs and capital letters. What is secret keeps whether it
//! is there, and nothing else.

use serde_json::{Map, Value};

/// What stands in place of a secret.
pub(super) const REDACTED: &str = "***";

/// Words that make a name one of a secret.
const SECRET_WORDS: &[&str] = &[
    "apikey",
    "authorization",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pwd",
    "secret",
    "secrets",
    "signature",
    "token",
    "tokens",
];

/// Words before `key` or `string` that do.
const SECRET_PAIRS: &[(&str, &str)] = &[
    ("access", "key"),
    ("account", "key"),
    ("api", "key"),
    ("connection", "string"),
    ("private", "key"),
    ("session", "key"),
    ("signing", "key"),
];

/// A name that ends so tells of a secret and has none: `access_token_id`, `credentials_type`.
const HARMLESS_ENDS: &[&str] = &[
    "at", "count", "date", "expires", "expiry", "id", "ids", "length", "name", "scope", "type",
];

/// Levels of a value that are looked at; what lies deeper is left out.
const MAX_LEVELS: usize = 32;

/// Whether a value of that name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let words = words(name);
    if words
        .last()
        .is_some_and(|last| HARMLESS_ENDS.contains(&last.as_str()))
    {
        return false;
    }
    let is_pair = words.windows(2).any(|pair| {
        SECRET_PAIRS
            .iter()
            .any(|&(first, second)| pair[0] == first && pair[1] == second)
    });
    is_pair
        || words
            .iter()
            .any(|word| SECRET_WORDS.contains(&word.as_str()))
}

fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && was_small) {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            let word = words.last_mut().expect("there is one from the start on");
            word.extend(character.to_lowercase());
        }
        was_small = character.is_lowercase() || character.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The value of that name with secrets in it replaced, also within objects and lists.
pub(super) fn without_secrets(name: &str, value: &Value) -> Value {
    replaced(name, value, 0)
}

/// The same of each member.
pub(super) fn members_without_secrets(members: &Map<String, Value>) -> Map<String, Value> {
    let member = |(key, value): (&String, &Value)| (key.clone(), replaced(key, value, 0));
    members.iter().map(member).collect()
}

fn replaced(name: &str, value: &Value, level: usize) -> Value {
    match value {
        // Whether there is a secret is none.
        Value::Null | Value::Bool(_) => value.clone(),
        _ if is_secret(name) => REDACTED.into(),
        Value::Object(_) | Value::Array(_) if level == MAX_LEVELS => Value::Null,
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, value)| (key.clone(), replaced(key, value, level + 1)))
                .collect(),
        ),
        Value::Array(items) => items
            .iter()
            .map(|item| replaced("", item, level + 1))
            .collect(),
        Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// A path with its query, whose secret parameters have no values.
pub(super) fn url_without_secrets(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let parameter = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
        _ => parameter.to_owned(),
    };
    let parameters: Vec<String> = query.split('&').map(parameter).collect();
    format!("{path}?{}", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_known_by_their_names() {
        let secret = [
            "password",
            "Password",
            "user_password",
            "passwordHash",
            "session_token",
            "sessionToken",
            "X-Api-Key",
            "apiKey",
            "secret",
            "client-secret",
            "credentials",
            "private_key",
            "connection_string",
            "AWS_SECRET_ACCESS_KEY",
            "Authorization",
        ];
        for name in secret {
            assert!(is_secret(name), "{name}");
        }
        let open = [
            "",
            "key",
            "name",
            "access_token_id",
            "credentials_type",
            "tokenizer",
            "keyboard",
            "secretary",
            "account",
            "token_count",
        ];
        for name in open {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn they_are_replaced_within_objects_and_lists() {
        let value = json!({
            "a": [{ "password": "x", "b": { "token": { "c": 1 } } }, "y"],
            "has_password": true,
            "secret": null,
        });
        let expected = json!({
            "a": [{ "password": "***", "b": { "token": "***" } }, "y"],
            "has_password": true,
            "secret": null,
        });
        assert_eq!(without_secrets("outer", &value), expected);
        assert_eq!(without_secrets("credentials", &value), json!("***"));
    }

    #[test]
    fn they_are_replaced_in_queries() {
        let cases = [
            ("/api/tasks", "/api/tasks"),
            ("/a?page=1&token=abc&x", "/a?page=1&token=***&x"),
            ("/a?token", "/a?token"),
            ("/a?", "/a?"),
            ("/a?api_key=1?2=3", "/a?api_key=***"),
        ];
        for (url, expected) in cases {
            assert_eq!(url_without_secrets(url), expected);
        }
    }

    #[test]
    fn what_lies_deep_is_left_out() {
        let mut value = json!(1);
        for _ in 0..100 {
            value = json!([value]);
        }
        let text = without_secrets("a", &value).to_string();
        assert_eq!(text, format!("{}null{}", "[".repeat(32), "]".repeat(32)));
    }
}
