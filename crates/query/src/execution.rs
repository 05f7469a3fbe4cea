//! Why a query failed while it ran, in words of ours.
//!
//! **Invariant:** no text of the database reaches a client. It speaks of functions and types of its
//! own, which no ClickHouse user knows, and may quote values of rows that its reader may not see.

use annoscope_sql::OWN_ERRORS;

/// How the database begins the message of an `error(…)` that the lowered query raises.
const RAISED: &str = "Invalid Input Error: ";

/// Parts of the database's messages and what they mean to the user. The first that fits counts.
const MEANINGS: [(&str, &str); 24] = [
    (
        "format specifier",
        "a text cannot be read as a date or a time (ClickHouse: CANNOT_PARSE_DATETIME); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "timestamp field",
        "a text cannot be read as a date or a time (ClickHouse: CANNOT_PARSE_DATETIME); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "date field",
        "a text cannot be read as a date or a time (ClickHouse: CANNOT_PARSE_DATE); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "Could not convert string",
        "a text cannot be read as the number, date or time that the query makes of it (ClickHouse: CANNOT_PARSE_TEXT); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "Failed to cast value",
        "a text cannot be read as the number, date or time that the query makes of it (ClickHouse: CANNOT_PARSE_TEXT); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "cannot be cast",
        "a number leaves the range of the type that the query makes it",
    ),
    (
        "out of range for the destination type",
        "a number leaves the range of the type that the query makes it",
    ),
    ("timestamp", "a time leaves the range of times"),
    ("Timestamp", "a time leaves the range of times"),
    ("interval", "an interval is too long"),
    ("date", "a date leaves the range of dates"),
    (
        "Overflow in",
        "a computation leaves the range of 64-bit numbers",
    ),
    (
        "overflow",
        "a computation leaves the range of 64-bit numbers",
    ),
    (
        "Out of Range Error",
        "a number is out of the range that its function takes",
    ),
    (
        "More than one row returned by a subquery",
        "a subquery in place of a value gives more than one row (ClickHouse: INCORRECT_RESULT_OF_SCALAR_SUBQUERY)",
    ),
    ("TimeZone", "there is no such time zone"),
    ("time zone", "there is no such time zone"),
    (
        "regular expression",
        "the pattern of a regular expression is none (ClickHouse: CANNOT_COMPILE_REGEXP)",
    ),
    (
        "regex",
        "the pattern of a regular expression is none (ClickHouse: CANNOT_COMPILE_REGEXP)",
    ),
    (
        "missing argument to repetition",
        "the pattern of a regular expression is none (ClickHouse: CANNOT_COMPILE_REGEXP)",
    ),
    ("Quantile", "the level of a quantile is between 0 and 1"),
    ("QUANTILE", "the level of a quantile is between 0 and 1"),
    ("JSON", "a text is no JSON"),
    (
        "Not implemented Error",
        "this combination of functions and types is not supported here",
    ),
];

/// How ClickHouse's messages begin, where that is the database. They end with the name of the error.
const OF_CLICKHOUSE: &str = "Code: ";

/// ClickHouse's names of errors and what they mean to the user.
const CLICKHOUSES: [(&str, &str); 10] = [
    ("ILLEGAL_DIVISION", "Division by zero"),
    (
        "CANNOT_PARSE_DATETIME",
        "a text cannot be read as a date or a time (ClickHouse: CANNOT_PARSE_DATETIME); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "CANNOT_PARSE_DATE",
        "a text cannot be read as a date or a time (ClickHouse: CANNOT_PARSE_DATE); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "CANNOT_PARSE_TEXT",
        "a text cannot be read as the number, date or time that the query makes of it (ClickHouse: CANNOT_PARSE_TEXT); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "CANNOT_PARSE_NUMBER",
        "a text cannot be read as the number, date or time that the query makes of it (ClickHouse: CANNOT_PARSE_NUMBER); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "ATTEMPT_TO_READ_AFTER_EOF",
        "a text cannot be read as the number, date or time that the query makes of it (ClickHouse: ATTEMPT_TO_READ_AFTER_EOF); the …OrNull and …OrZero functions take such texts",
    ),
    (
        "INCORRECT_RESULT_OF_SCALAR_SUBQUERY",
        "a subquery in place of a value gives more than one row (ClickHouse: INCORRECT_RESULT_OF_SCALAR_SUBQUERY)",
    ),
    (
        "CANNOT_COMPILE_REGEXP",
        "the pattern of a regular expression is none (ClickHouse: CANNOT_COMPILE_REGEXP)",
    ),
    (
        "DECIMAL_OVERFLOW",
        "a number leaves the range of the type that the query makes it",
    ),
    (
        "TOO_LARGE_ARRAY_SIZE",
        "an array becomes too large (ClickHouse: TOO_LARGE_ARRAY_SIZE)",
    ),
];

/// A failure in words for its user. The database's own message goes to the log.
pub(crate) fn meaning(message: &str) -> String {
    if let Some(own) = message.strip_prefix(RAISED)
        && OWN_ERRORS.iter().any(|begin| own.starts_with(begin))
    {
        return own.to_owned();
    }
    tracing::debug!(store.message = message, "a query failed in the store");
    if message.starts_with(OF_CLICKHOUSE) {
        let name = message.trim_end_matches(')').rsplit('(').next();
        let found = CLICKHOUSES.iter().find(|(known, _)| Some(*known) == name);
        return found.map_or_else(|| unknown(message), |(_, meaning)| (*meaning).to_owned());
    }
    let found = MEANINGS.iter().find(|(part, _)| message.contains(part));
    found.map_or_else(|| unknown(message), |(_, meaning)| (*meaning).to_owned())
}

fn unknown(message: &str) -> String {
    let is_of_plan = [
        "Binder Error",
        "Catalog Error",
        "Parser Error",
        "INTERNAL Error",
    ];
    let meaning = if is_of_plan.iter().any(|kind| message.starts_with(kind)) {
        "this combination of functions, clauses and types is not supported here"
    } else {
        "a function cannot compute one of its values"
    };
    meaning.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_says_is_put_into_words_of_ours() {
        let cases = [
            ("Invalid Input Error: Division by zero", "Division by zero"),
            (
                "Invalid Input Error: range would make more than 1000000 elements",
                "range would make more than 1000000 elements",
            ),
            (
                "Conversion Error: Could not convert string 'secret' to INT64",
                "a text cannot be read as the number, date or time that the query makes of it (ClickHouse: CANNOT_PARSE_TEXT); the …OrNull and …OrZero functions take such texts",
            ),
            (
                "Conversion Error: Type INT128 with value 99 can't be cast because the value is out of range for the destination type INT64",
                "a number leaves the range of the type that the query makes it",
            ),
            (
                "Out of Range Error: Overflow in multiplication of INT64 (1 * 2)!",
                "a computation leaves the range of 64-bit numbers",
            ),
            (
                "Invalid Input Error: missing argument to repetition operator: *",
                "the pattern of a regular expression is none (ClickHouse: CANNOT_COMPILE_REGEXP)",
            ),
            (
                "Binder Error: No function matches the given name and argument types 'struct_pack(VARCHAR)'",
                "this combination of functions, clauses and types is not supported here",
            ),
            (
                "Code: 153. DB::Exception: Division by zero: while executing 'timestamp'. (ILLEGAL_DIVISION)",
                "Division by zero",
            ),
            (
                "Code: 36. DB::Exception: a value 'secret'. (BAD_ARGUMENTS)",
                "a function cannot compute one of its values",
            ),
            (
                "Invalid Input Error: something else",
                "a function cannot compute one of its values",
            ),
        ];
        for (message, expected) in cases {
            assert_eq!(meaning(message), expected, "{message}");
        }
    }
}
