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

/// Names, in lower case as they are compared, and what they mean.
const ANSWERED: &[(&[&str], Format)] = &[
    (&["json"], Format::Document(Rows::Objects, Items::Values)),
    (
        &["jsonstrings"],
        Format::Document(Rows::Objects, Items::Strings),
    ),
    (
        &["jsoncompact"],
        Format::Document(Rows::Compact, Items::Values),
    ),
    (
        &["jsoncompactstrings"],
        Format::Document(Rows::Compact, Items::Strings),
    ),
    (
        &["jsoneachrow", "jsonlines", "jsonl", "ndjson"],
        Format::Lines(Line::Object, Items::Values),
    ),
    (
        &["jsonstringseachrow"],
        Format::Lines(Line::Object, Items::Strings),
    ),
    (
        &["jsoncompacteachrow"],
        Format::Lines(Line::Array(Header::None), Items::Values),
    ),
    (
        &["jsoncompacteachrowwithnames"],
        Format::Lines(Line::Array(Header::Names), Items::Values),
    ),
    (
        &["jsoncompacteachrowwithnamesandtypes"],
        Format::Lines(Line::Array(Header::NamesAndTypes), Items::Values),
    ),
    (
        &["jsoncompactstringseachrow"],
        Format::Lines(Line::Array(Header::None), Items::Strings),
    ),
    (
        &["jsoncompactstringseachrowwithnames"],
        Format::Lines(Line::Array(Header::Names), Items::Strings),
    ),
    (
        &["jsoncompactstringseachrowwithnamesandtypes"],
        Format::Lines(Line::Array(Header::NamesAndTypes), Items::Strings),
    ),
    (&["csv"], Format::ClickHouseCsv(Header::None)),
    (&["csvwithnames"], Format::ClickHouseCsv(Header::Names)),
    (
        &["csvwithnamesandtypes"],
        Format::ClickHouseCsv(Header::NamesAndTypes),
    ),
    (
        &["tabseparated", "tsv"],
        Format::TabSeparated(Header::None, false),
    ),
    (
        &["tabseparatedwithnames", "tsvwithnames"],
        Format::TabSeparated(Header::Names, false),
    ),
    (
        &["tabseparatedwithnamesandtypes", "tsvwithnamesandtypes"],
        Format::TabSeparated(Header::NamesAndTypes, false),
    ),
    (
        &["tabseparatedraw", "tsvraw", "raw"],
        Format::TabSeparated(Header::None, true),
    ),
    (
        &[
            "tabseparatedrawwithnames",
            "tsvrawwithnames",
            "rawwithnames",
        ],
        Format::TabSeparated(Header::Names, true),
    ),
    (
        &[
            "tabseparatedrawwithnamesandtypes",
            "tsvrawwithnamesandtypes",
            "rawwithnamesandtypes",
        ],
        Format::TabSeparated(Header::NamesAndTypes, true),
    ),
    (&["native"], Format::Native),
    (&["rowbinary"], Format::RowBinary(Header::None)),
    (&["rowbinarywithnames"], Format::RowBinary(Header::Names)),
    (
        &["rowbinarywithnamesandtypes"],
        Format::RowBinary(Header::NamesAndTypes),
    ),
    (&["parquet"], Format::Parquet),
    (&["values"], Format::Values),
    (&["vertical"], Format::Vertical),
    (
        &[
            "pretty",
            "prettymonoblock",
            "prettynoescapes",
            "prettynoescapesmonoblock",
        ],
        Format::Pretty(Rules::All),
    ),
    (
        &[
            "prettycompact",
            "prettycompactmonoblock",
            "prettycompactnoescapes",
            "prettycompactnoescapesmonoblock",
        ],
        Format::Pretty(Rules::Compact),
    ),
    (
        &[
            "prettyspace",
            "prettyspacemonoblock",
            "prettyspacenoescapes",
            "prettyspacenoescapesmonoblock",
        ],
        Format::Pretty(Rules::None),
    ),
    (&["markdown", "md"], Format::Markdown),
    (&["arrowstream"], Format::Arrow),
    (&["null"], Format::Null),
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

    /// As ClickHouse spells it; our own are those that they are nearest to.
    pub fn name(self) -> &'static str {
        use Header::{Names, NamesAndTypes, None};
        use Items::{Strings, Values};
        match self {
            Format::Json | Format::Document(Rows::Objects, Values) => "JSON",
            Format::Document(Rows::Compact, Values) => "JSONCompact",
            Format::Document(Rows::Objects, Strings) => "JSONStrings",
            Format::Document(Rows::Compact, Strings) => "JSONCompactStrings",
            Format::Lines(Line::Object, Values) => "JSONEachRow",
            Format::Lines(Line::Object, Strings) => "JSONStringsEachRow",
            Format::Lines(Line::Array(header), Values) => match header {
                None => "JSONCompactEachRow",
                Names => "JSONCompactEachRowWithNames",
                NamesAndTypes => "JSONCompactEachRowWithNamesAndTypes",
            },
            Format::Lines(Line::Array(header), Strings) => match header {
                None => "JSONCompactStringsEachRow",
                Names => "JSONCompactStringsEachRowWithNames",
                NamesAndTypes => "JSONCompactStringsEachRowWithNamesAndTypes",
            },
            Format::Csv | Format::ClickHouseCsv(Names) => "CSVWithNames",
            Format::ClickHouseCsv(None) => "CSV",
            Format::ClickHouseCsv(NamesAndTypes) => "CSVWithNamesAndTypes",
            Format::TabSeparated(None, false) => "TabSeparated",
            Format::TabSeparated(Names, false) => "TabSeparatedWithNames",
            Format::TabSeparated(NamesAndTypes, false) => "TabSeparatedWithNamesAndTypes",
            Format::TabSeparated(None, true) => "TabSeparatedRaw",
            Format::TabSeparated(Names, true) => "TabSeparatedRawWithNames",
            Format::TabSeparated(NamesAndTypes, true) => "TabSeparatedRawWithNamesAndTypes",
            Format::Native => "Native",
            Format::RowBinary(None) => "RowBinary",
            Format::RowBinary(Names) => "RowBinaryWithNames",
            Format::RowBinary(NamesAndTypes) => "RowBinaryWithNamesAndTypes",
            Format::Arrow => "ArrowStream",
            Format::Parquet => "Parquet",
            Format::Values => "Values",
            Format::Pretty(_) => "Pretty",
            Format::Vertical => "Vertical",
            Format::Markdown => "Markdown",
            Format::Null => "Null",
        }
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
        let name = clause.name.to_lowercase();
        let answered = ANSWERED
            .iter()
            .find(|(names, _)| names.contains(&name.as_str()));
        if let Some((_, format)) = answered {
            return Ok(*format);
        }
        let is_clickhouses = NOT_ANSWERED
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&name));
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
