//! Each rule in and out, and that `sqlparser` parses what comes out.

use proptest::prelude::*;
use sqlparser::ast::{Expr, LimitClause, SelectItem, SetExpr, Statement, Value};
use sqlparser::dialect::ClickHouseDialect;
use sqlparser::parser::Parser;

use super::literals::decode_literal;
use super::*;
use crate::context::Context;
use crate::dialect::QueryDialect;
use crate::expand::{expand, string_literal};

fn edited(sql: &str) -> Result<Expanded, SqlError> {
    let relation = crate::tests::relation();
    edit(
        expand(sql, &Context::default())?,
        &relation,
        Settings::default(),
    )
    .map(|(edited, _)| edited)
}

/// The edited text, with single spaces, or the error after `!`.
fn show(sql: &str) -> String {
    match edited(sql) {
        Ok(edited) => edited.text.split_whitespace().collect::<Vec<_>>().join(" "),
        Err(error) => format!("! {:?} {error}", error.kind),
    }
}

fn parse(sql: &str) -> Statement {
    let text = edited(sql)
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
        .text;
    let mut statements =
        Parser::parse_sql(&QueryDialect, &text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(statements.len(), 1, "{text}");
    statements.remove(0)
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (sql, text) in cases {
        assert_eq!(show(sql), *text, "{sql}");
        if !text.starts_with('!') {
            parse(sql);
        }
    }
}

#[test]
fn literals_keep_unknown_escapes() {
    check(&[
        (r"SELECT match(x, '\d+')", r"SELECT match(x, '\\d+')"),
        (
            r"SELECT 'a\'b' , 'c''d', '\\', '\%\_'",
            r"SELECT 'a''b' , 'c''d', '\\', '\\%\\_'",
        ),
        (r"SELECT '\x41\u0041\N\=\/\`'", r"SELECT 'A\\u0041=/`'"),
        (r"SELECT '\xc3\xa9'", "SELECT 'é'"),
        (
            r#"SELECT 1 AS `a\`b`, 2 AS "c\"d""#,
            r#"SELECT 1 AS "a`b", 2 AS "c""d""#,
        ),
        (
            r"SELECT '\0'",
            "! Syntax line 1, column 8: a null byte cannot stand in a string",
        ),
        (
            r"SELECT '\xff'",
            "! Syntax line 1, column 8: the bytes of this string are no UTF-8",
        ),
        (
            r"SELECT '\xZ0'",
            "! Syntax line 1, column 8: `\\x` in this string needs two hexadecimal digits",
        ),
    ]);
}

#[test]
fn ends_of_statements() {
    check(&[
        ("SELECT 1;; -- x", "SELECT 1"),
        (
            "SELECT 1; SELECT 2",
            "! Forbidden line 1, column 11: one statement only",
        ),
        (
            "SELECT 1 SETTINGS max_threads = 1, log_comment = 'x', workload = 'y' FORMAT CSV",
            "SELECT 1",
        ),
        ("SELECT 1 FORMAT CSV SETTINGS max_threads = 1;", "SELECT 1"),
        (
            "SELECT * FROM (SELECT 1 SETTINGS additional_table_filters = {}) t",
            "SELECT * FROM (SELECT 1 ) t",
        ),
        (
            "SELECT 1 SETTINGS max_threads = 1, readonly = 2 UNION ALL SELECT 2",
            "SELECT 1 UNION ALL SELECT 2",
        ),
        (
            "SELECT settings = 1, format x FROM events",
            "SELECT settings = 1, format x FROM events",
        ),
        (
            "SELECT 1 INTO OUTFILE 'x'",
            "! Forbidden line 1, column 10: INTO OUTFILE is not allowed: a query writes no files",
        ),
        (
            "SELECT 1 SETTINGS additional_table_filters = {'t': 'x'}",
            "! Forbidden line 1, column 19: the setting `additional_table_filters` would change the answer; write the condition into WHERE",
        ),
        (
            "SELECT 1 SETTINGS max_thread = 1",
            "! Unknown line 1, column 19: there is no setting `max_thread` (ClickHouse: UNKNOWN_SETTING); did you mean max_threads?",
        ),
        (
            "SELECT * FROM (SELECT 1 AS x SETTINGS limit = 1) AS t",
            "! Unsupported line 1, column 39: the setting `limit` within a subquery is not supported; set it at the end of the statement",
        ),
        (
            "SELECT 1 SETTINGS join_use_nulls = 1 UNION ALL SELECT 2",
            "! Unsupported line 1, column 19: the setting `join_use_nulls` within a subquery is not supported; set it at the end of the statement",
        ),
        ("SELECT 1 SETTINGS join_use_nulls", "SELECT 1"),
        (
            "SELECT 1 UNION ALL SELECT 2 SETTINGS join_use_nulls = 1, max_threads = DEFAULT FORMAT Null",
            "SELECT 1 UNION ALL SELECT 2",
        ),
    ]);
}

#[test]
fn a_choice_between_two_is_a_call() {
    check(&[
        (
            "SELECT a OR b ? f(c, d) : -1 AS x, (a ? 1 : [2]) FROM t WHERE a = 1 ? b : c",
            "SELECT if(a OR b , f(c, d) , -1) AS x, (if(a , 1 , [2])) FROM t WHERE if(a = 1 , b , c)",
        ),
        (
            "SELECT position(type, 'x') >= 1 ?1 : 0, {a:UInt8} ? 1 : 2",
            "SELECT if(position(type, 'x') >= 1 ,1 , 0), if(\"parameter\"('a', 'UInt8') , 1 , 2)",
        ),
    ]);
}

#[test]
fn refusals_say_where() {
    check(&[
        (
            "SELECT a ? b : c ? d : e",
            "! Unsupported line 1, column 10: `a ? b : c` is not supported; write `if(a, b, c)`",
        ),
        (
            "SELECT COLUMNS('x')",
            "! Unsupported line 1, column 8: `COLUMNS('…')` is not supported; name the columns",
        ),
        (
            "SELECT * APPLY(sum)",
            "! Unsupported line 1, column 10: `APPLY` is not supported; call the function on each column",
        ),
        (
            "SELECT \"limit by\"(1)",
            "! Unknown line 1, column 8: the name `limit by` is reserved",
        ),
        (
            "WITH `with expression x` AS (SELECT 1) SELECT 1",
            "! Unknown line 1, column 6: the name `with expression x` is reserved",
        ),
        (
            "SELECT apply, 1 AS \"parameter\"",
            "SELECT apply, 1 AS \"parameter\"",
        ),
    ]);
}

#[test]
fn parameters_and_casts_are_calls() {
    check(&[
        (
            "SELECT {a:UInt8} + {b: Array(String)}",
            "SELECT \"parameter\"('a', 'UInt8') + \"parameter\"('b', 'Array(String)')",
        ),
        ("SELECT {'a': 1}", "SELECT {'a': 1}"),
        (
            "SELECT CAST(x AS DateTime('UTC'))",
            "SELECT \"cast\"(x, 'DateTime(''UTC'')')",
        ),
        (
            "SELECT cast(CAST(x AS Int8) AS a, 'Int16')",
            "SELECT \"cast\"(\"cast\"(x, 'Int8') AS a, 'Int16')",
        ),
        (
            "SELECT CAST(1 AS x AS UInt8)",
            "SELECT \"cast\"(1 AS x, 'UInt8')",
        ),
        (
            "SELECT CAST((1) + f(a, 2) AS Nullable(Int8))",
            "SELECT \"cast\"((1) + f(a, 2), 'Nullable(Int8)')",
        ),
        (
            "SELECT x::DateTime64(3, 'UTC')::String, [1]::Array(UInt8)",
            "SELECT x::\"DateTime64(3, 'UTC')\"::\"String\", [1]::\"Array(UInt8)\"",
        ),
    ]);
    assert_eq!(
        parse("SELECT a.b::DateTime64(3, 'UTC')::String, -[1]::Array(UInt8), f(x)::Int8 + 1")
            .to_string(),
        "SELECT \"cast\"(\"cast\"(a.b, 'DateTime64(3, ''UTC'')'), 'String'), -\"cast\"([1], 'Array(UInt8)'), \
         \"cast\"(f(x), 'Int8') + 1"
    );
}

#[test]
fn intervals_have_one_form() {
    check(&[
        (
            "SELECT now() - INTERVAL '2 days'",
            "SELECT now() - INTERVAL 2 day",
        ),
        ("SELECT INTERVAL ' -2  HOUR '", "SELECT INTERVAL -2 hour"),
        (
            "SELECT INTERVAL 2 QUARTERS, INTERVAL '2' dd, INTERVAL 1 DAY",
            "SELECT INTERVAL 2 quarter, INTERVAL '2' day, INTERVAL 1 day",
        ),
        (
            "SELECT INTERVAL 1 + 1 DAY, INTERVAL n month",
            "SELECT INTERVAL 1 + 1 DAY, INTERVAL n month",
        ),
        (
            "SELECT INTERVAL '2 day 3 hour'",
            "! Unsupported line 1, column 8: an interval of several parts is not supported; write a sum: `INTERVAL 2 day + INTERVAL 3 hour`",
        ),
        (
            "SELECT INTERVAL '2.5 hour'",
            "! Syntax line 1, column 17: `2.5 hour` is no interval; write a whole number and a unit: `INTERVAL 2 day`",
        ),
    ]);
}

#[test]
fn with_items_are_ctes() {
    check(&[
        (
            "WITH 3600000 AS x SELECT x",
            "WITH \"with expression x\" AS (SELECT 3600000) SELECT x",
        ),
        (
            "WITH (SELECT max(a) FROM t) AS m, q AS (SELECT 1 AS z), f(1, 2) AS y, SELECT m",
            "WITH \"with expression m\" AS (SELECT (SELECT max(a) FROM t)), q AS (SELECT 1 AS z), \"with expression y\" AS (SELECT f(1, 2)) SELECT m",
        ),
        (
            "SELECT * FROM (WITH 1 + (WITH 2 AS b SELECT b) AS a SELECT a)",
            "SELECT * FROM (WITH \"with expression a\" AS (SELECT 1 + (WITH \"with expression b\" AS (SELECT 2) SELECT b)) SELECT a)",
        ),
        (
            "WITH (a, b) -> a + b AS f SELECT f(1, 2)",
            "WITH \"with expression f\" AS (SELECT (a, b) -> a + b) SELECT f(1, 2)",
        ),
        (
            "WITH 'x' AS `my x` SELECT `my x`",
            "WITH \"with expression my x\" AS (SELECT 'x') SELECT `my x`",
        ),
        (
            "WITH a AS (SELECT 1), b (x, y) AS (SELECT 2, 3) SELECT 1",
            "WITH a AS (SELECT 1), b (x, y) AS (SELECT 2, 3) SELECT 1",
        ),
        (
            "SELECT a FROM t GROUP BY a WITH TOTALS ORDER BY a WITH FILL",
            "SELECT a FROM t GROUP BY a WITH TOTALS ORDER BY a WITH FILL",
        ),
        (
            "WITH 1 SELECT 2",
            "! Unsupported line 1, column 6: an expression of WITH has no name; write `WITH expression AS name`",
        ),
    ]);
}

#[test]
fn limits_have_one_clause() {
    check(&[
        (
            "SELECT a FROM t LIMIT 2 BY a, f(b, c)",
            "SELECT a FROM t LIMIT ALL BY \"limit by\"(2, 0, a, f(b, c))",
        ),
        (
            "SELECT a FROM t LIMIT 1, 2 BY a LIMIT 3",
            "SELECT a FROM t LIMIT 3 BY \"limit by\"(2, 1, a)",
        ),
        (
            "SELECT a FROM t LIMIT 2 OFFSET 1 BY a LIMIT 3 OFFSET 4",
            "SELECT a FROM t LIMIT 3 BY \"limit by\"(2, 1, a) OFFSET 4",
        ),
        (
            "SELECT a FROM t LIMIT 2 BY a LIMIT 4, 3",
            "SELECT a FROM t LIMIT 3 BY \"limit by\"(2, 0, a) OFFSET 4",
        ),
        (
            "SELECT a FROM t ORDER BY a LIMIT 2 BY a LIMIT 3 WITH TIES",
            "SELECT a FROM t ORDER BY a LIMIT \"with ties\"(3) BY \"limit by\"(2, 0, a)",
        ),
        (
            "SELECT a FROM t ORDER BY a LIMIT 3 OFFSET 1 WITH TIES",
            "SELECT a FROM t ORDER BY a LIMIT \"with ties\"(3) OFFSET 1",
        ),
        (
            "SELECT (SELECT 1 LIMIT 1 BY 1) FROM (SELECT a FROM t LIMIT 2 BY a LIMIT 5) LIMIT 7",
            "SELECT (SELECT 1 LIMIT ALL BY \"limit by\"(1, 0, 1)) FROM (SELECT a FROM t LIMIT 5 BY \"limit by\"(2, 0, a)) LIMIT 7",
        ),
        ("SELECT a FROM t LIMIT 1, 2", "SELECT a FROM t LIMIT 1, 2"),
        (
            "SELECT a AS limit FROM t LIMIT 1",
            "SELECT a AS limit FROM t LIMIT 1",
        ),
        (
            "SELECT a FROM t LIMIT 1 BY ALL",
            "! Unsupported line 1, column 25: LIMIT BY without keys is not supported; name the keys",
        ),
    ]);
    let Statement::Query(query) = parse("SELECT a FROM t LIMIT 2 BY a") else {
        panic!()
    };
    assert!(
        matches!(&query.limit_clause, Some(LimitClause::LimitOffset { limit: None, offset: None, limit_by }) if limit_by.len() == 1),
        "{:?}",
        query.limit_clause
    );
}

#[test]
fn joins_have_the_parsers_words() {
    check(&[
        (
            "SELECT 1 FROM a ANY LEFT JOIN b USING x",
            "SELECT 1 FROM a GLOBAL LEFT JOIN b USING (x)",
        ),
        (
            "SELECT 1 FROM a x LEFT ANY JOIN b ON x.a = b.a",
            "SELECT 1 FROM a x GLOBAL LEFT JOIN b ON x.a = b.a",
        ),
        (
            "SELECT 1 FROM a ANY JOIN b USING (x)",
            "SELECT 1 FROM a GLOBAL JOIN b USING (x)",
        ),
        (
            "SELECT 1 FROM a GLOBAL ALL INNER JOIN b USING x, y WHERE 1",
            "SELECT 1 FROM a INNER JOIN b USING (x, y) WHERE 1",
        ),
        (
            "SELECT 1 FROM a GLOBAL ANY LEFT OUTER JOIN b USING x",
            "SELECT 1 FROM a GLOBAL LEFT JOIN b USING (x)",
        ),
        (
            "SELECT 1 FROM a ANY INNER JOIN b USING x",
            "SELECT 1 FROM a GLOBAL JOIN b USING (x)",
        ),
        (
            "SELECT 1 FROM a ASOF JOIN b USING (x, y)",
            "SELECT 1 FROM a GLOBAL INNER JOIN b USING (x, y)",
        ),
        (
            "SELECT 1 FROM a LEFT ASOF JOIN b ON a.x = b.x AND a.y >= b.y",
            "SELECT 1 FROM a GLOBAL LEFT OUTER JOIN b ON a.x = b.x AND a.y >= b.y",
        ),
        (
            "SELECT 1 FROM a ASOF ANY JOIN b USING (x, y)",
            "! Unsupported line 1, column 17: ASOF JOIN beside ANY is not supported; use one of them",
        ),
        (
            "SELECT 1 FROM a ANTI RIGHT JOIN b USING x",
            "SELECT 1 FROM a RIGHT ANTI JOIN b USING (x)",
        ),
        (
            "SELECT 1 FROM a SEMI LEFT JOIN b USING x",
            "SELECT 1 FROM a LEFT SEMI JOIN b USING (x)",
        ),
        (
            "SELECT 1 FROM a LEFT ANTI JOIN b USING x",
            "SELECT 1 FROM a LEFT ANTI JOIN b USING (x)",
        ),
        (
            "SELECT 1 FROM a LEFT ARRAY JOIN b AS c",
            "SELECT 1 FROM a LEFT ARRAY JOIN b AS c",
        ),
        (
            "SELECT x GLOBAL NOT IN (1) FROM a WHERE x GLOBAL IN (SELECT 1)",
            "SELECT x NOT IN (1) FROM a WHERE x IN (SELECT 1)",
        ),
        (
            "SELECT 1 UNION ALL SELECT 2 FROM a JOIN b ON 1",
            "SELECT 1 UNION ALL SELECT 2 FROM a JOIN b ON 1",
        ),
    ]);
}

/// What the binder sees: the AST of each shape, printed.
#[test]
fn functions_with_names_of_operators_are_calls() {
    check(&[
        (
            "SELECT a = any(b), any (b)",
            r#"SELECT a = "any"(b), "any" (b)"#,
        ),
        ("SELECT a = any(SELECT 1)", "SELECT a = any(SELECT 1)"),
        ("SELECT any, minus FROM t", "SELECT any, minus FROM t"),
        ("SELECT minus(a, 1)", r#"SELECT "minus"(a, 1)"#),
    ]);
}

#[test]
fn shapes() {
    let cases = [
        "SELECT a DIV b MOD 3, 1 + 7 div 2 * 3, mod mod 2, mod(5, 3), div FROM t",
        "SELECT 1 AS mod, (mod)",
        "SELECT sum(number AS y), y + 1, count() FILTER (WHERE a > 1), FROM t",
        "SELECT 1 IN (), 1 NOT IN (), a IN 5",
        "WITH 1 AS x, q AS (SELECT 2) SELECT x FROM q",
        "SELECT CAST(x AS Array(String)), x::Int8 DIV 2 + {p:UInt8}",
        "SELECT a FROM t LIMIT 2 OFFSET 1 BY a, b LIMIT 3 OFFSET 4",
        "SELECT a FROM t ORDER BY a LIMIT 3 WITH TIES",
        "SELECT a FROM t ANY LEFT JOIN u USING x",
        "SELECT quantile(0.9)(x), arrayMap(x -> x + 1, a), t.1, a[1], {'k': 1} FROM t PREWHERE a WHERE b",
        "SELECT a FROM t ORDER BY a WITH FILL FROM 1 TO 5 STEP 1 INTERPOLATE (b AS b)",
        "EXPLAIN SYNTAX SELECT 1",
        "SELECT lagInFrame(x, 1, x) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    ];
    let shapes = cases.map(|sql| match edited(sql) {
        Ok(edited) => match Parser::parse_sql(&QueryDialect, &edited.text) {
            Ok(statements) => format!("{sql}\n  {}", statements[0]),
            Err(error) => format!("{sql}\n  ! {error}"),
        },
        Err(error) => format!("{sql}\n  ! {error}"),
    });
    insta::assert_snapshot!(shapes.join("\n"));
}

#[test]
fn positions_lead_to_the_users_text() {
    let sql = r"WITH 1 AS x SELECT '\d', CAST(bad AS Int8) FROM t LIMIT 1 BY worse LIMIT 2";
    let edited = edited(sql).unwrap();
    for name in ["bad", "worse", "FROM"] {
        let offset = edited.text.find(name).unwrap();
        assert!(sql[edited.original(offset)..].starts_with(name), "{name}");
    }
}

/// The content that `sqlparser` reads from a statement of one literal.
fn content(text: &str) -> Option<String> {
    let statement = Parser::parse_sql(&ClickHouseDialect {}, text).ok()?.pop()?;
    let Statement::Query(query) = statement else {
        return None;
    };
    let SetExpr::Select(select) = *query.body else {
        return None;
    };
    match select.projection.into_iter().next()? {
        SelectItem::UnnamedExpr(Expr::Value(value)) => match value.value {
            Value::SingleQuotedString(content) => Some(content),
            _ => None,
        },
        _ => None,
    }
}

const PARTS: [&str; 64] = [
    "SELECT",
    "WITH",
    "AS",
    "LIMIT",
    "BY",
    "OFFSET",
    "TIES",
    "FROM",
    "JOIN",
    "ANY",
    "ALL",
    "LEFT",
    "SEMI",
    "GLOBAL",
    "IN",
    "NOT",
    "USING",
    "SETTINGS",
    "FORMAT",
    "INTO",
    "OUTFILE",
    "INTERVAL",
    "CAST",
    "APPLY",
    "COLUMNS",
    "RECURSIVE",
    "MATERIALIZED",
    "UNION",
    "DIV",
    "MOD",
    "x",
    "y",
    "1",
    "2",
    "'s'",
    "'2 day'",
    r"'\d'",
    r"'\x4'",
    "\"q\"",
    "`b\\``",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    ";",
    ":",
    "::",
    "=",
    "-",
    "*",
    "?",
    "day",
    "1.5",
    "Int8",
    "--",
    "/*",
    "*/",
    "$",
    "é",
    "\n",
];

proptest! {
    #[test]
    fn a_decoded_literal_is_what_the_parser_reads(inner in r"([a-zA-Z0-9%_é ]|''|\\[abfnrtveNd%_\\'/=]|\\x[4-7][0-9a-f])*") {
        let literal = format!("'{inner}'");
        let decoded = decode_literal(&literal).unwrap();
        let text = edited(&format!("SELECT {literal}")).unwrap().text;
        prop_assert_eq!(content(&text), Some(decoded));
    }

    #[test]
    fn any_content_survives_printing(chosen in any::<String>()) {
        let chosen = chosen.replace('\0', "");
        let text = edited(&format!("SELECT {}", string_literal(&chosen))).unwrap().text;
        prop_assert_eq!(content(&text), Some(chosen));
    }

    #[test]
    fn no_text_panics(
        parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 0..24),
    ) {
        let sql = parts.join(" ");
        if let Ok(edited) = edited(&sql) {
            for offset in 0..=edited.text.len() {
                prop_assert!(edited.original(offset) <= sql.len());
            }
            // May refuse; must come back.
            let _ = Parser::parse_sql(&QueryDialect, &edited.text);
        }
    }
}
