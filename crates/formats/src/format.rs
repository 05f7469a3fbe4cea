//! The formats of results: their names, their media types, and what writes each.

use annoscope_sql::{ErrorKind, FormatClause, ResultColumn, SqlError};

use crate::arrow_stream::ArrowEncoder;
use crate::document::{DocumentEncoder, Rows};
use crate::encoder::{Encoder, Header, NullEncoder};
use crate::items::Items;
use crate::json::JsonEncoder;
use crate::lines::{Line, LinesEncoder};
use crate::markdown::MarkdownEncoder;
use crate::native::NativeEncoder;
use crate::parquet::ParquetEncoder;
use crate::pretty::{PrettyEncoder, Rules};
use crate::row_binary::RowBinaryEncoder;
use crate::separated::{SeparatedEncoder, Separator, Tuples};
use crate::style::Style;
use crate::values::ValuesEncoder;
use crate::vertical::VerticalEncoder;

/// The media type of Arrow's streaming format.
const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object with columns, rows and stats.
    Json,
    /// A line of names and a line a row.
    Csv,
    /// Arrow's IPC stream.
    Arrow,
    /// ClickHouse's document.
    Document(Rows, Items),
    /// ClickHouse's JSON values, a line each.
    Lines(Line, Items),
    /// ClickHouse's CSV.
    ClickHouseCsv(Header),
    /// Fields between tabs; whether texts are without escapes.
    TabSeparated(Header, bool),
    /// ClickHouse's blocks of columns.
    Native,
    /// Values one after another.
    RowBinary(Header),
    /// Row groups, with a footer.
    Parquet,
    /// `(1,'a'),(2,'b')`.
    Values,
    /// A line a value.
    Vertical,
    /// A table for a page of text.
    Markdown,
    /// A table for a screen.
    Pretty(Rules),
    /// The rows are computed, and not shown.
    Null,
}

const HINT: &str = "there are JSON, JSONCompact, JSONEachRow, JSONCompactEachRow and their …Strings, CSV, TabSeparated (TSV), RowBinary \
     and their …WithNames, Native, Values, Pretty, Vertical, Markdown, ArrowStream, Parquet and Null; without FORMAT the header `Accept` chooses: application/json, text/csv or \
     application/vnd.apache.arrow.stream";

/// Names as ClickHouse spells them, in any case, and what they mean. The first one of a format is its own.
const ANSWERED: &[(&[&str], Format)] = &[
    (&["JSON"], Format::Document(Rows::Objects, Items::Values)),
    (
        &["JSONStrings"],
        Format::Document(Rows::Objects, Items::Strings),
    ),
    (
        &["JSONCompact"],
        Format::Document(Rows::Compact, Items::Values),
    ),
    (
        &["JSONCompactStrings"],
        Format::Document(Rows::Compact, Items::Strings),
    ),
    (
        &["JSONEachRow", "JSONLines", "JSONL", "NDJSON"],
        Format::Lines(Line::Object, Items::Values),
    ),
    (
        &["JSONStringsEachRow"],
        Format::Lines(Line::Object, Items::Strings),
    ),
    (
        &["JSONCompactEachRow"],
        Format::Lines(Line::Array(Header::None), Items::Values),
    ),
    (
        &["JSONCompactEachRowWithNames"],
        Format::Lines(Line::Array(Header::Names), Items::Values),
    ),
    (
        &["JSONCompactEachRowWithNamesAndTypes"],
        Format::Lines(Line::Array(Header::NamesAndTypes), Items::Values),
    ),
    (
        &["JSONCompactStringsEachRow"],
        Format::Lines(Line::Array(Header::None), Items::Strings),
    ),
    (
        &["JSONCompactStringsEachRowWithNames"],
        Format::Lines(Line::Array(Header::Names), Items::Strings),
    ),
    (
        &["JSONCompactStringsEachRowWithNamesAndTypes"],
        Format::Lines(Line::Array(Header::NamesAndTypes), Items::Strings),
    ),
    (&["CSV"], Format::ClickHouseCsv(Header::None)),
    (&["CSVWithNames"], Format::ClickHouseCsv(Header::Names)),
    (
        &["CSVWithNamesAndTypes"],
        Format::ClickHouseCsv(Header::NamesAndTypes),
    ),
    (
        &["TabSeparated", "TSV"],
        Format::TabSeparated(Header::None, false),
    ),
    (
        &["TabSeparatedWithNames", "TSVWithNames"],
        Format::TabSeparated(Header::Names, false),
    ),
    (
        &["TabSeparatedWithNamesAndTypes", "TSVWithNamesAndTypes"],
        Format::TabSeparated(Header::NamesAndTypes, false),
    ),
    (
        &["TabSeparatedRaw", "TSVRaw", "Raw"],
        Format::TabSeparated(Header::None, true),
    ),
    (
        &[
            "TabSeparatedRawWithNames",
            "TSVRawWithNames",
            "RawWithNames",
        ],
        Format::TabSeparated(Header::Names, true),
    ),
    (
        &[
            "TabSeparatedRawWithNamesAndTypes",
            "TSVRawWithNamesAndTypes",
            "RawWithNamesAndTypes",
        ],
        Format::TabSeparated(Header::NamesAndTypes, true),
    ),
    (&["Native"], Format::Native),
    (&["RowBinary"], Format::RowBinary(Header::None)),
    (&["RowBinaryWithNames"], Format::RowBinary(Header::Names)),
    (
        &["RowBinaryWithNamesAndTypes"],
        Format::RowBinary(Header::NamesAndTypes),
    ),
    (&["Parquet"], Format::Parquet),
    (&["Values"], Format::Values),
    (&["Vertical"], Format::Vertical),
    (
        &[
            "Pretty",
            "PrettyMonoBlock",
            "PrettyNoEscapes",
            "PrettyNoEscapesMonoBlock",
        ],
        Format::Pretty(Rules::All),
    ),
    (
        &[
            "PrettyCompact",
            "PrettyCompactMonoBlock",
            "PrettyCompactNoEscapes",
            "PrettyCompactNoEscapesMonoBlock",
        ],
        Format::Pretty(Rules::Compact),
    ),
    (
        &[
            "PrettySpace",
            "PrettySpaceMonoBlock",
            "PrettySpaceNoEscapes",
            "PrettySpaceNoEscapesMonoBlock",
        ],
        Format::Pretty(Rules::None),
    ),
    (&["Markdown", "MD"], Format::Markdown),
    (&["ArrowStream"], Format::Arrow),
    (&["Null"], Format::Null),
];

/// What ClickHouse 26.9 also writes.
const NOT_ANSWERED: &[&str] = &[
    "Arrow",
    "Avro",
    "AvroConfluent",
    "BSONEachRow",
    "Buffers",
    "CustomSeparated",
    "CustomSeparatedWithNames",
    "CustomSeparatedWithNamesAndTypes",
    "GeoJSON",
    "Hash",
    "HiveText",
    "JSONColumns",
    "JSONColumnsWithMetadata",
    "JSONCompactColumns",
    "JSONEachRowWithProgress",
    "JSONObjectEachRow",
    "LineAsString",
    "MsgPack",
    "MySQLWire",
    "Npy",
    "ODBCDriver2",
    "ORC",
    "PostgreSQLWire",
    "PNG",
    "Prometheus",
    "Protobuf",
    "RawBLOB",
    "SQLInsert",
    "TSKV",
    "Template",
    "XML",
];

impl Format {
    /// The media type of what is written.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Arrow => ARROW_STREAM,
            Format::Document(..) => "application/json; charset=UTF-8",
            Format::Lines(Line::Object, _) => "application/x-ndjson; charset=UTF-8",
            Format::Lines(Line::Array(_), _)
            | Format::Null
            | Format::Values
            | Format::Pretty(_)
            | Format::Vertical => "text/plain; charset=UTF-8",
            Format::Native | Format::RowBinary(_) | Format::Parquet => "application/octet-stream",
            Format::Markdown => "text/markdown; charset=UTF-8",
            Format::ClickHouseCsv(Header::None) => "text/csv; charset=UTF-8; header=absent",
            Format::ClickHouseCsv(_) => "text/csv; charset=UTF-8; header=present",
            Format::TabSeparated(..) => "text/tab-separated-values; charset=UTF-8",
        }
    }

    /// As ClickHouse spells it; of our own the one that is nearest.
    pub fn name(self) -> &'static str {
        let like = match self {
            Format::Json => Format::Document(Rows::Objects, Items::Values),
            Format::Csv => Format::ClickHouseCsv(Header::Names),
            format => format,
        };
        let found = ANSWERED.iter().find(|(_, format)| *format == like);
        found.expect("each format has a name").0[0]
    }

    /// What writes a result of these columns.
    pub fn encoder(self, columns: &[ResultColumn], style: &Style) -> Box<dyn Encoder> {
        let columns = columns.to_vec();
        let separated = |columns, header, separator| {
            Box::new(SeparatedEncoder::new(columns, header, separator, style))
        };
        match self {
            Format::Json => Box::new(JsonEncoder::new(columns, style)),
            Format::Csv => separated(columns, Header::Names, Separator::Comma(Tuples::OneField)),
            Format::Arrow => Box::new(ArrowEncoder::new(columns, style)),
            Format::Document(rows, items) => {
                Box::new(DocumentEncoder::new(columns, rows, items, style))
            }
            Format::Lines(line, items) => Box::new(LinesEncoder::new(columns, line, items, style)),
            Format::ClickHouseCsv(header) => {
                separated(columns, header, Separator::Comma(Tuples::FieldAPart))
            }
            Format::TabSeparated(header, is_raw) => {
                separated(columns, header, Separator::Tab { is_raw })
            }
            Format::Native => Box::new(NativeEncoder::new(columns, style)),
            Format::RowBinary(header) => Box::new(RowBinaryEncoder::new(columns, header, style)),
            Format::Parquet => Box::new(ParquetEncoder::new(columns, style)),
            Format::Values => Box::new(ValuesEncoder::new(columns, style)),
            Format::Vertical => Box::new(VerticalEncoder::new(columns, style)),
            Format::Pretty(rules) => Box::new(PrettyEncoder::new(columns, rules, style)),
            Format::Markdown => Box::new(MarkdownEncoder::new(columns, style)),
            Format::Null => Box::new(NullEncoder),
        }
    }

    /// The format that a text asks for.
    pub fn named(clause: &FormatClause) -> Result<Format, SqlError> {
        let is_it = |known: &&str| known.eq_ignore_ascii_case(&clause.name);
        let answered = ANSWERED.iter().find(|(names, _)| names.iter().any(is_it));
        if let Some((_, format)) = answered {
            return Ok(*format);
        }
        let is_clickhouses = NOT_ANSWERED.iter().any(is_it);
        let (kind, message) = if is_clickhouses {
            let message = format!("FORMAT {} is not supported", clause.name);
            (ErrorKind::Unsupported, message)
        } else {
            let message = format!(
                "there is no format {} (ClickHouse: UNKNOWN_FORMAT)",
                clause.name
            );
            (ErrorKind::Unknown, message)
        };
        Err(SqlError {
            kind,
            message,
            hint: Some(HINT.to_owned()),
            position: Some(clause.position),
        })
    }
}

#[cfg(test)]
mod tests {
    use annoscope_sql::Position;

    use super::*;

    #[test]
    fn formats_have_clickhouses_names_in_any_case() {
        let named = |name: &str| {
            Format::named(&FormatClause {
                name: name.to_owned(),
                position: Position {
                    line: 1,
                    column: 10,
                },
            })
        };
        let cases = [
            ("JSON", Ok(Format::Document(Rows::Objects, Items::Values))),
            ("tsv", Ok(Format::TabSeparated(Header::None, false))),
            (
                "TabSeparatedWithNames",
                Ok(Format::TabSeparated(Header::Names, false)),
            ),
            ("CSVWithNames", Ok(Format::ClickHouseCsv(Header::Names))),
            ("Pretty", Ok(Format::Pretty(Rules::All))),
            ("PrettyCompactMonoBlock", Ok(Format::Pretty(Rules::Compact))),
            ("parquet", Ok(Format::Parquet)),
            (
                "Protobuf",
                Err((ErrorKind::Unsupported, "FORMAT Protobuf is not supported")),
            ),
            (
                "Nonsense",
                Err((
                    ErrorKind::Unknown,
                    "there is no format Nonsense (ClickHouse: UNKNOWN_FORMAT)",
                )),
            ),
        ];
        for (name, expected) in cases {
            let found = named(name).map_err(|error| (error.kind, error.message));
            let expected =
                expected.map_err(|(kind, message): (_, &str)| (kind, message.to_owned()));
            assert_eq!(found, expected, "{name}");
        }
    }
}
