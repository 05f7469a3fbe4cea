//! The macros of the data source that make a whole SELECT of what stands before FROM:
//! `$__columns(time, key, value) FROM …` and its kin, of one row a bucket of time and key.
//!
//! What they make has macros of its own (`$__timeInterval`, `$__timeFilter`), so they come first.

use std::ops::Range;

use super::calls;
use super::expanded::Expanded;
use super::lexer::{Token, TokenKind};
use crate::error::{ErrorKind, SqlError};

/// The macros, without `$`.
pub(super) const NAMES: [&str; 5] = [
    "__columns",
    "__increaseColumns",
    "__lttb",
    "__perSecondColumns",
    "__rateColumns",
];

/// Clauses behind the macro, in their order.
const CLAUSES: [&[&str]; 8] = [
    &["FROM"],
    &["WHERE"],
    &["GROUP", "BY"],
    &["HAVING"],
    &["ORDER", "BY"],
    &["LIMIT"],
    &["SETTINGS"],
    &["FORMAT"],
];
const FROM: usize = 0;
const WHERE: usize = 1;
const GROUP_BY: usize = 2;
const HAVING: usize = 3;
const ORDER_BY: usize = 4;

/// The window of the rates: a bucket and the one before it.
const WINDOW: &str = "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW";
/// Seconds since the bucket before; 0 where there is none.
const GAP: &str = "t - lagInFrame(t, 1, t) OVER w";

/// Makes a whole SELECT of the statement's macro, if it has one.
pub(super) fn expand(expanded: Expanded) -> Result<Expanded, SqlError> {
    if !expanded.text.contains("$__") {
        return Ok(expanded);
    }
    let mut tokens = expanded.tokens()?;
    tokens.retain(Token::is_significant);
    let statement = Statement {
        expanded: &expanded,
        tokens: &tokens,
    };
    let edits = match statement.call()? {
        Some(call) => statement.edits(&call)?,
        None => return Ok(expanded),
    };
    Ok(expanded.edit(edits))
}

/// Where the macro stands.
struct MacroCall<'a> {
    name: &'a str,
    /// Its first token, and the one behind its parenthesis.
    tokens: Range<usize>,
    arguments: [&'a str; 3],
}

struct Statement<'a> {
    expanded: &'a Expanded,
    tokens: &'a [Token],
}

impl<'a> Statement<'a> {
    fn text(&self, i: usize) -> &'a str {
        self.tokens
            .get(i)
            .map_or("", |token| token.text(&self.expanded.text))
    }

    fn start(&self, i: usize) -> usize {
        let token = self.tokens.get(i);
        token.map_or(self.expanded.text.len(), |token| token.range.start)
    }

    fn error(&self, i: usize, kind: ErrorKind, message: String, hint: Option<&str>) -> SqlError {
        SqlError {
            hint: hint.map(str::to_owned),
            ..self.expanded.error(kind, self.start(i), message)
        }
    }

    fn macro_name(&self, i: usize) -> Option<&'a str> {
        let name = self.text(i).strip_prefix('$')?;
        let is_name = self.tokens[i].kind == TokenKind::Word && NAMES.contains(&name);
        is_name.then_some(name)
    }

    /// By how much a token changes the depth of brackets.
    fn step(&self, i: usize) -> i32 {
        match (self.tokens[i].kind, self.text(i)) {
            (TokenKind::Punctuation, "(" | "[" | "{") => 1,
            (TokenKind::Punctuation, ")" | "]" | "}") => -1,
            _ => 0,
        }
    }

    /// The statement's one macro of this kind.
    fn call(&self) -> Result<Option<MacroCall<'a>>, SqlError> {
        let mut found: Option<MacroCall<'a>> = None;
        let mut depth = 0;
        for i in 0..self.tokens.len() {
            depth += self.step(i);
            let Some(name) = self.macro_name(i) else {
                continue;
            };
            let refuse =
                |message: String, hint| Err(self.error(i, ErrorKind::Expansion, message, hint));
            if depth > 0 {
                let message =
                    format!("${name} makes a whole SELECT and cannot stand in a subquery");
                return refuse(message, Some("begin the statement with it"));
            }
            if let Some(other) = &found {
                let message = format!(
                    "a statement has one macro such as ${}, not ${name} as well",
                    other.name
                );
                return refuse(message, None);
            }
            if name == "__lttb" {
                let message = "the macro $__lttb is not supported: there is no function lttb here";
                let hint = "group by $__timeInterval(timestamp): it gives as many points as the panel has room for";
                return Err(self.error(i, ErrorKind::Unsupported, message.to_owned(), Some(hint)));
            }
            found = Some(self.call_at(i, name)?);
        }
        Ok(found)
    }

    fn call_at(&self, i: usize, name: &'a str) -> Result<MacroCall<'a>, SqlError> {
        let mut starts = Vec::new();
        let mut depth = 0;
        let mut end = i + 1;
        if self.text(end) == "(" {
            while let Some(token) = self.tokens.get(end) {
                depth += self.step(end);
                if depth == 0 {
                    break;
                }
                if depth == 1 && matches!(token.text(&self.expanded.text), "(" | ",") {
                    starts.push(end);
                }
                end += 1;
            }
            if end == self.tokens.len() {
                let message = format!("the parenthesis of ${name} is not closed");
                return Err(self.error(i, ErrorKind::Syntax, message, None));
            }
        }
        let ends = starts.iter().skip(1).copied().chain([end]);
        let arguments = starts.iter().zip(ends);
        let arguments: Vec<&str> = arguments
            .map(|(&start, end)| {
                let bytes = self.tokens[start].range.end..self.start(end);
                self.expanded.text[bytes].trim()
            })
            .collect();
        let n_given = arguments.len();
        let arguments: Option<[&str; 3]> = arguments.try_into().ok();
        let Some(arguments) = arguments.filter(|all| !all.contains(&"")) else {
            let message = format!("${name} takes 3 arguments, got {n_given}");
            let hint = format!("write `${name}(timestamp, scope, count() AS n) FROM events`");
            return Err(self.error(i, ErrorKind::Expansion, message, Some(&hint)));
        };
        Ok(MacroCall {
            name,
            tokens: i..end + 1,
            arguments,
        })
    }

    /// Where the clauses behind the macro begin, if they are there.
    fn clauses(&self, call: &MacroCall<'_>) -> Result<[Option<usize>; CLAUSES.len()], SqlError> {
        let mut found = [None; CLAUSES.len()];
        let mut last: Option<usize> = None;
        let mut depth = 0;
        for i in call.tokens.end..self.tokens.len() {
            depth += self.step(i);
            if depth > 0 || self.tokens[i].kind != TokenKind::Word {
                continue;
            }
            let is_clause = |words: &&[&str]| {
                let mut places = (i..).zip(words.iter());
                places.all(|(i, word)| self.text(i).eq_ignore_ascii_case(word))
            };
            let Some(clause) = CLAUSES.iter().position(is_clause) else {
                continue;
            };
            if found[clause].is_some() {
                continue;
            }
            if let Some(last) = last.filter(|last| *last > clause) {
                let [clause, last] = [clause, last].map(|clause| CLAUSES[clause].join(" "));
                let message = format!("behind ${}, {clause} comes before {last}", call.name);
                return Err(self.error(i, ErrorKind::Syntax, message, None));
            }
            found[clause] = Some(i);
            last = Some(clause);
        }
        if found[FROM] != Some(call.tokens.end) {
            let message = format!("behind ${} comes FROM", call.name);
            let at = call.tokens.start;
            return Err(self.error(
                at,
                ErrorKind::Expansion,
                message,
                Some("write `FROM events`"),
            ));
        }
        if let Some(at) = found[GROUP_BY] {
            let message = format!("${} groups by time and key itself", call.name);
            let hint = Some("leave GROUP BY out");
            return Err(self.error(at, ErrorKind::Expansion, message, hint));
        }
        Ok(found)
    }

    fn edits(&self, call: &MacroCall<'_>) -> Result<Vec<(Range<usize>, String)>, SqlError> {
        let clauses = self.clauses(call)?;
        // Where the clause ends: where the next one begins.
        let end_of = |clause: usize| {
            let next = clauses[clause + 1..].iter().flatten().next();
            let next = next.copied().or_else(|| self.semicolon(call));
            self.start(next.unwrap_or(self.tokens.len()))
        };
        let [time, key, value] = call.arguments;
        let (key, key_name) = calls::split_alias(key, "metric");
        let (value, value_name) = calls::split_alias(value, "value");
        let shown = shown(call.name, value);
        let select = format!(
            "SELECT $__timeInterval({time}) AS t, toString({key}) AS {key_name}, {shown} AS {value_name}"
        );
        let mut behind_having = String::new();
        if call.name != "__columns" {
            behind_having =
                format!(" WINDOW w AS (PARTITION BY {key_name} ORDER BY t ASC {WINDOW})");
        }
        if clauses[ORDER_BY].is_none() {
            behind_having = format!("{behind_having} ORDER BY t, {key_name}");
        }
        let mut edits = vec![(
            self.start(call.tokens.start)..self.tokens[call.tokens.end - 1].range.end,
            select,
        )];
        let mut behind_where = format!(" GROUP BY t, {key_name}");
        if let Some(at) = clauses[WHERE] {
            let condition = format!("WHERE $__timeFilter({time}) AND (");
            edits.push((self.tokens[at].range.clone(), condition));
            behind_where = format!("){behind_where}");
        } else {
            behind_where = format!(" WHERE $__timeFilter({time}){behind_where}");
        }
        let end = end_of(if clauses[WHERE].is_some() {
            WHERE
        } else {
            FROM
        });
        if clauses[HAVING].is_some() {
            edits.push((end..end, behind_where + " "));
            let end = end_of(HAVING);
            edits.push((end..end, behind_having + " "));
        } else {
            edits.push((end..end, behind_where + &behind_having + " "));
        }
        Ok(edits)
    }

    /// The `;` at the statement's end.
    fn semicolon(&self, call: &MacroCall<'_>) -> Option<usize> {
        (call.tokens.end..self.tokens.len()).find(|&i| self.text(i) == ";")
    }
}

/// What the macro shows of the value.
fn shown(name: &str, value: &str) -> String {
    let step = format!("(max({value}) - lagInFrame(max({value}), 1, max({value})) OVER w)");
    match name {
        "__columns" => value.to_owned(),
        "__rateColumns" => format!("if(({GAP}) = 0, nan, {value} / ({GAP}))"),
        "__perSecondColumns" => {
            format!("if(({GAP}) = 0 OR {step} < 0, nan, {step} / ({GAP}))")
        }
        _ => format!("if(({GAP}) = 0 OR {step} < 0, nan, toFloat64{step})"),
    }
}
