//! The table of functions: what may be called, with what, and what comes out.
//!
//! One table holds for both stores; `functions.txt` is meant to be read.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A row of the table: one signature of a function.
#[derive(Debug)]
pub(crate) struct Function {
    /// As ClickHouse spells it.
    pub name: &'static str,
    pub kind: FunctionKind,
    pub arguments: Vec<Argument>,
    /// Type of the result, in the table's words.
    pub result: &'static str,
    pub nullability: Nullability,
    /// Whether an aggregate of no rows is NaN rather than the type's default.
    pub is_nan_when_empty: bool,
    pub lowering: Lowering,
}

/// One signature is one row; rows are told apart by their address.
impl PartialEq for Function {
    fn eq(&self, other: &Function) -> bool {
        std::ptr::eq(self, other)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FunctionKind {
    Scalar,
    Aggregate,
    Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nullability {
    /// Nullable if an argument is.
    Contagious,
    Never,
    Always,
}

/// How DuckDB computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lowering {
    /// `$1`, `$2` … stand for the arguments.
    Template(&'static str),
    /// A rewrite pass of that name.
    Pass(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Argument {
    pub class: Class,
    pub is_constant: bool,
    pub is_optional: bool,
    pub is_repeated: bool,
}

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Any,
    Common,
    Number,
    Integer,
    Float,
    Text,
    Time,
    /// A time that is no date alone.
    DateTime,
    Condition,
    Array,
    Interval,
    Lambda,
}

impl Class {
    fn parse(word: &str) -> Class {
        match word {
            "any" => Class::Any,
            "T" => Class::Common,
            "num" => Class::Number,
            "int" => Class::Integer,
            "float" => Class::Float,
            "str" => Class::Text,
            "time" => Class::Time,
            "datetime" => Class::DateTime,
            "cond" => Class::Condition,
            "array" => Class::Array,
            "interval" => Class::Interval,
            "lambda" => Class::Lambda,
            other => unreachable!("functions.txt has no class {other}"),
        }
    }

    /// As the table and error messages say it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Any => "any",
            Class::Common => "T",
            Class::Number => "num",
            Class::Integer => "int",
            Class::Float => "float",
            Class::Text => "str",
            Class::Time => "time",
            Class::DateTime => "datetime",
            Class::Condition => "cond",
            Class::Array => "array",
            Class::Interval => "interval",
            Class::Lambda => "lambda",
        }
    }
}

static TABLE: LazyLock<Vec<Function>> = LazyLock::new(|| parse(include_str!("functions.txt")));

static BY_NAME: LazyLock<HashMap<&'static str, Vec<&'static Function>>> = LazyLock::new(|| {
    let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
    for function in TABLE.iter() {
        by_name.entry(function.name).or_default().push(function);
    }
    by_name
});

/// Functions that ClickHouse knows in any case: SQL's standard ones.
const ANY_CASE: &[&str] = &[
    "abs",
    "avg",
    "cast",
    "ceil",
    "ceiling",
    "coalesce",
    "concat",
    "corr",
    "count",
    "cume_dist",
    "date_diff",
    "date_format",
    "JSON_ARRAY_LENGTH",
    "date_trunc",
    "dense_rank",
    "exp",
    "extract",
    "first_value",
    "floor",
    "format",
    "greatest",
    "hex",
    "if",
    "ifNull",
    "ilike",
    "initcap",
    "lag",
    "last_value",
    "lcase",
    "lead",
    "least",
    "left",
    "length",
    "like",
    "ln",
    "locate",
    "log",
    "log10",
    "log2",
    "lower",
    "lpad",
    "ltrim",
    "max",
    "mid",
    "min",
    "not",
    "now",
    "nth_value",
    "ntile",
    "nullIf",
    "percent_rank",
    "pi",
    "position",
    "pow",
    "power",
    "rank",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_number",
    "rpad",
    "rtrim",
    "sign",
    "sqrt",
    "substr",
    "substring",
    "sum",
    "today",
    "trim",
    "trunc",
    "truncate",
    "ucase",
    "upper",
    "any_value",
    "char_length",
    "character_length",
    "array_agg",
    "median",
    "FROM_UNIXTIME",
    "version",
];

/// The signatures of a function; none if ClickHouse or this table does not know the name.
pub(crate) fn signatures(name: &str) -> Option<&'static [&'static Function]> {
    if let Some(found) = BY_NAME.get(name) {
        return Some(found);
    }
    let known = ANY_CASE
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))?;
    BY_NAME.get(known).map(Vec::as_slice)
}

/// All signatures, in the table's order.
pub(crate) fn all() -> &'static [Function] {
    &TABLE
}

fn parse(text: &'static str) -> Vec<Function> {
    let mut kind = FunctionKind::Scalar;
    let mut functions = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            kind = match line {
                "[aggregates]" => FunctionKind::Aggregate,
                "[windows]" => FunctionKind::Window,
                _ => FunctionKind::Scalar,
            };
        } else if !line.is_empty() && !line.starts_with('#') {
            functions.push(parse_row(line, kind).unwrap_or_else(|| {
                unreachable!("functions.txt has a row that cannot be read: {line}")
            }));
        }
    }
    functions
}

/// `name(arguments)  result  lowering`.
fn parse_row(line: &'static str, kind: FunctionKind) -> Option<Function> {
    let (name, rest) = line.split_once('(')?;
    let (arguments, rest) = rest.split_once(") ")?;
    let rest = rest.trim_start();
    let (nullability, rest) = match rest.split_once(' ')? {
        ("never", rest) => (Nullability::Never, rest),
        ("always", rest) => (Nullability::Always, rest),
        _ => (Nullability::Contagious, rest),
    };
    let (result, rest) = rest.trim_start().split_once(' ')?;
    let (is_nan_when_empty, rest) = match rest.strip_prefix("nan ") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim();
    let lowering = match rest.strip_prefix(':') {
        Some(pass) => Lowering::Pass(pass),
        None => Lowering::Template(rest),
    };
    Some(Function {
        name,
        kind,
        arguments: arguments
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(parse_argument)
            .collect(),
        result,
        nullability,
        is_nan_when_empty,
        lowering,
    })
}

fn parse_argument(word: &str) -> Argument {
    let (is_constant, word) = match word.strip_prefix("const ") {
        Some(word) => (true, word),
        None => (false, word),
    };
    let (is_optional, word) = match word.strip_suffix('?') {
        Some(word) => (true, word),
        None => (false, word),
    };
    let (is_repeated, word) = match word.strip_suffix("...") {
        Some(word) => (true, word),
        None => (false, word),
    };
    Argument {
        class: Class::parse(word),
        is_constant,
        is_optional,
        is_repeated,
    }
}

impl Function {
    /// The class of the argument at `index`.
    pub fn argument(&self, index: usize) -> Option<Argument> {
        let last = self.arguments.last().filter(|last| last.is_repeated);
        self.arguments.get(index).or(last).copied()
    }

    /// Whether it takes `n` arguments.
    pub fn takes(&self, n: usize) -> bool {
        let n_required = self
            .arguments
            .iter()
            .filter(|argument| !argument.is_optional && !argument.is_repeated)
            .count();
        let is_open = self.arguments.last().is_some_and(|last| last.is_repeated);
        n >= n_required && (is_open || n <= self.arguments.len())
    }

    /// The arguments as the table has them.
    pub fn signature(&self) -> String {
        let words = self.arguments.iter().map(|argument| {
            let constant = if argument.is_constant { "const " } else { "" };
            let repeated = if argument.is_repeated { "..." } else { "" };
            let optional = if argument.is_optional { "?" } else { "" };
            format!("{constant}{}{repeated}{optional}", argument.class.name())
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_can_be_read() {
        assert!(all().len() > 250);
        assert!(ANY_CASE.iter().all(|name| BY_NAME.contains_key(name)));
    }

    #[test]
    fn names_are_spelled_as_clickhouse_spells_them() {
        for (name, is_known) in [
            ("toDate", true),
            ("todate", false),
            ("COUNT", true),
            ("countIf", false),
            ("Sum", true),
            ("read_text", false),
        ] {
            assert_eq!(signatures(name).is_some(), is_known, "{name}");
        }
    }
}
