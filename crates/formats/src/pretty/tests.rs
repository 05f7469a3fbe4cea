//! Tables as ClickHouse 26.9 drew them.

use std::sync::Arc;
use std::time::Duration;

use annoscope_sql::DataType;
use arrow::array::{ArrayRef, StringArray, UInt64Array};

use super::*;
use crate::Format;

fn drawn(rules: Rules, numbers: Vec<u64>, texts: &[Option<&str>]) -> String {
    let columns = [
        ("n", DataType::UInt64),
        ("t", DataType::Nullable(Box::new(DataType::String))),
    ];
    let columns = columns.map(|(name, data_type)| ResultColumn {
        name: name.to_owned(),
        data_type,
    });
    let n_rows = numbers.len();
    let texts: Vec<Option<&str>> = texts.iter().copied().cycle().take(n_rows).collect();
    let arrays: [(&str, ArrayRef); 2] = [
        ("n", Arc::new(UInt64Array::from(numbers))),
        ("t", Arc::new(StringArray::from(texts))),
    ];
    let mut encoder = Format::Pretty(rules).encoder(&columns, &Style::default());
    let mut out = Vec::new();
    encoder
        .load(RecordBatch::try_from_iter(arrays).unwrap())
        .unwrap();
    encoder.write(0..n_rows, &mut out).unwrap();
    let stats = Stats {
        n_rows: n_rows as u64,
        n_read: None,
        n_cached: 0,
        elapsed: Duration::ZERO,
        is_truncated: false,
        is_behind: false,
    };
    encoder.end(&stats, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_table_has_the_lines_of_its_kind() {
    let texts = [Some("aaaa\nbb"), None];
    let expected = "   ┏━━━━┳━━━━━━┓
   ┃  n ┃ t    ┃
   ┡━━━━╇━━━━━━┩
1. │  5 │ aaaa↴│
   │    │↳bb   │
   ├────┼──────┤
2. │ 10 │ ᴺᵁᴸᴸ │
   └────┴──────┘
";
    assert_eq!(drawn(Rules::All, vec![5, 10], &texts), expected);
    let expected = "   ┌──n─┬─t────┐
1. │  5 │ aaaa↴│
   │    │↳bb   │
2. │ 10 │ ᴺᵁᴸᴸ │
   └────┴──────┘
";
    assert_eq!(drawn(Rules::Compact, vec![5, 10], &texts), expected);
    let expected = "     n   t   \n\n1.   5   aaaa↴\n        ↳bb   \n2.  10   ᴺᵁᴸᴸ \n";
    assert_eq!(drawn(Rules::None, vec![5, 10], &texts), expected);
    assert_eq!(drawn(Rules::All, Vec::new(), &texts), "");
}

#[test]
fn of_many_rows_the_first_and_the_last_are_drawn() {
    let drawn = drawn(Rules::Compact, (0..1001).collect(), &[Some("abc")]);
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(lines.len(), 1004);
    assert_eq!(
        lines[499..=502],
        [
            " 499. │  498 │ abc │",
            " 500. │  499 │ abc │",
            "      ─ ─ ─ ─ ─ ─ ─ ",
            " 502. │  501 │ abc │",
        ]
    );
    assert_eq!(
        lines[1001..],
        [
            "1001. │ 1000 │ abc │",
            "      └────n─┴─t───┘",
            "Showed 1000 out of 1001 rows.",
        ]
    );
}
