//! What ClickHouse 26.9 wrote, and what its clients write.

use super::*;

macro_rules! body {
    ($name:literal) => {
        ($name, include_bytes!(concat!("bodies/", $name)) as &[u8])
    };
}

/// Four rows of the columns, as ClickHouse wrote them in each format.
const BODIES: [(&str, &[u8]); 14] = [
    body!("JSONEachRow"),
    body!("JSONCompactEachRow"),
    body!("JSONCompactEachRowWithNamesAndTypes"),
    body!("Native"),
    body!("RowBinary"),
    body!("RowBinaryWithNames"),
    body!("RowBinaryWithNamesAndTypes"),
    body!("CSV"),
    body!("CSVWithNames"),
    body!("CSVWithNamesAndTypes"),
    body!("TSV"),
    body!("TSVWithNames"),
    body!("TSVWithNamesAndTypes"),
    body!("Values"),
];

pub(super) fn body(name: &str) -> Vec<u8> {
    let found = BODIES.iter().find(|(known, _)| *known == name);
    found.expect(name).1.to_vec()
}

#[test]
fn every_format_gives_the_rows_that_clickhouse_wrote() {
    let expected = [
        r#""create:task"|"it's \"a\", b\t\\ü\n"|18446744073709551615|1719835202123ms|65535|4294967295"#,
        r#"""|""|NULL|-1ms|NULL|0"#,
        r#""send:exception"|NULL|7|1719835200000ms|1|5"#,
        r#""update:job"|"\\N"|0|10413791999999ms|0|1"#,
    ];
    for (name, body) in BODIES {
        for piece in [1, 2, 7, 64, body.len()] {
            let rows = read(name, body, piece).unwrap_or_else(|error| panic!("{name}: {error}"));
            let rows: Vec<String> = rows.iter().map(shown).collect();
            assert_eq!(rows, expected, "{name} in pieces of {piece}");
        }
    }
}

/// `LowCardinality(Nullable(String))`, `FixedString`, other widths, `DateTime`, floats and Bool for columns of other
/// types, and columns that the table has not: Enum, arrays, a map, a tuple, a decimal, a UUID.
#[test]
fn other_types_are_converted_and_other_columns_passed_over() {
    let expected = [
        r#""a:b"|"name 0"|0|1719835200000ms|1|0"#,
        r#""a:b"|NULL|1|1719835201000ms|1|1"#,
        r#""a:b"|"name 2"|2|1719835202000ms|1|2"#,
        r#""a:b"|"name 0"|3|1719835203000ms|1|3"#,
    ];
    let bodies: [(&str, &[u8]); 2] = [
        body!("Native.other"),
        body!("RowBinaryWithNamesAndTypes.other"),
    ];
    for (name, body) in bodies {
        let format = name.trim_end_matches(".other");
        for piece in [1, 50, body.len()] {
            let rows = read(format, body, piece).unwrap_or_else(|error| panic!("{name}: {error}"));
            let rows: Vec<String> = rows.iter().map(shown).collect();
            assert_eq!(rows, expected, "{name} in pieces of {piece}");
        }
    }
}

/// (format, body, rows)
#[test]
fn bodies_of_clients_are_read_as_clickhouse_reads_them() {
    let cases: [(&str, &[u8], &[&str]); 21] = [
        // Vector's: times as texts of seconds, keys that the table has not.
        (
            "JSONEachRow",
            br#"{"scope":"a","timestamp":"1719835202.123456","x":{"y":[1,"}"]}}"#,
            &[r#""a"|-|-|1719835202123ms|-|-"#],
        ),
        (
            "JSONEachRow",
            b"\xef\xbb\xbf[{\"scope\":\"a\"},{\"scope\":\"b\"}\n]\n",
            &[r#""a"|-|-|-|-|-"#, r#""b"|-|-|-|-|-"#],
        ),
        (
            "JSONEachRow",
            br#"{"scope":null,"obj_name":{"a": 1},"obj_id":"5"}{"scope":true,"obj_id":true},{"scope":1.50,"count":5.0}"#,
            &[
                r#"-|"{\"a\": 1}"|5|-|-|-"#,
                r#""true"|-|1|-|-|-"#,
                r#""1.50"|-|-|-|5|-"#,
            ],
        ),
        ("JSONEachRow", br#"{"scope":"\u00fc\ud83d\ude00\ud800x"}"#, &["\"ü😀\u{fffd}x\"|-|-|-|-|-"]),
        // More than the column holds: whether that is an event is not asked here.
        ("JSONEachRow", br#"{"count":70000,"obj_id":-1}"#, &["-|-|-1|-|70000|-"]),
        ("JSONEachRow", b"", &[]),
        ("JSONEachRow", b" \n", &[]),
        ("JSONEachRow", b"[]", &[]),
        (
            "JSONCompactEachRowWithNames",
            b"[\"duration\", \"x\", \"scope\"]\n[5, 1, \"a\"],[null, null, null]",
            &[r#""a"|-|-|-|-|5"#, "-|-|-|-|-|-"],
        ),
        // Empty without quotes is the default; `\N` between quotes is a text.
        (
            "CSV",
            b"a,,5,2024-07-01 12:00:00,,\n\"\",\"\\N\",\\N,1719835202123,\"5\",0",
            &[
                r#""a"|-|5|1719835200000ms|-|-"#,
                r#"""|"\\N"|NULL|1719835202123ms|5|0"#,
            ],
        ),
        (
            "CSV",
            b" a b ,\"c\"\"\n\" ,1,2024-07-01 12:00:00,1,1,\r\n",
            &[r#""a b"|"c\"\n"|1|1719835200000ms|1|1"#],
        ),
        (
            "CSV",
            b"duration,scope\n5,a\n",
            &[r#""a"|-|-|-|-|5"#],
        ),
        ("CSVWithNames", b"obj_name,x,scope\n1,2,3\n", &[r#""3"|"1"|-|-|-|-"#]),
        ("CSVWithNames", b"scope\n\n\nb", &["-|-|-|-|-|-", "-|-|-|-|-|-", r#""b"|-|-|-|-|-"#]),
        (
            "TSVWithNames",
            b"scope\tobj_name\na\\d\\x41\\/\\e\\=\t\\N\n\\\n\t\n",
            &[
                "\"a\\\\dA/\\u{1b}=\"|NULL|-|-|-|-",
                r#""\n"|""|-|-|-|-"#,
            ],
        ),
        ("TSV", b"scope\tduration\na\t1", &[r#""a"|-|-|-|-|1"#]),
        (
            "Values",
            b"('it''s \\n)', NULL, 1, '2024-07-01 12:00:00', default, 5), (\n'\\'', 'b', -1, 1719835202.5, 1, 1) ;",
            &[
                r#""it's \n)"|NULL|1|1719835200000ms|-|5"#,
                r#""'"|"b"|-1|1719835202500ms|1|1"#,
            ],
        ),
        ("RowBinary", b"", &[]),
        ("RowBinaryWithNames", b"\x01\x05scope\x01a\x01b", &[r#""a"|-|-|-|-|-"#, r#""b"|-|-|-|-|-"#]),
        ("Native", b"", &[]),
        // A block without rows, and one without columns.
        ("Native", b"\x01\x00\x05scope\x06String\x00\x00\x01\x01\x05scope\x06String\x01a", &[r#""a"|-|-|-|-|-"#]),
    ];
    for (name, body, expected) in cases {
        for piece in [1, 3, body.len().max(1)] {
            let rows = read(name, body, piece);
            let rows = rows.unwrap_or_else(|error| panic!("{name}: {error}"));
            let rows: Vec<String> = rows.iter().map(shown).collect();
            assert_eq!(rows, expected, "{name} in pieces of {piece}");
        }
    }
}

#[test]
fn arrays_and_bools_are_read() {
    let columns = [
        InsertColumn {
            name: "counted_ms".to_owned(),
            data_type: DataType::Array(Box::new(DataType::Int64)),
        },
        InsertColumn {
            name: "is".to_owned(),
            data_type: DataType::Bool,
        },
    ];
    let cases: [(&str, &[u8]); 6] = [
        ("JSONEachRow", br#"{"counted_ms":[1, -2],"is":true}"#),
        ("CSV", b"\"[1,-2]\",true\n"),
        ("TSV", b"[1,-2]\ttrue\n"),
        ("Values", b"([1, -2], true)"),
        (
            "RowBinary",
            b"\x02\x01\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff\x01",
        ),
        (
            "Native",
            b"\x02\x01\x0acounted_ms\x0bArray(Int8)\x02\0\0\0\0\0\0\0\x01\xfe\x02is\x05UInt8\x01",
        ),
    ];
    for (name, body) in cases {
        let rows = read_columns(&columns, name, body, 1);
        let rows = rows.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            rows.iter().map(shown).collect::<Vec<_>>(),
            ["[1, -2]|true"],
            "{name}"
        );
    }
}
