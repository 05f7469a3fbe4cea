//! The dialect that `sqlparser` parses with: its `ClickHouseDialect`, and what that lacks.
//!
//! Added: `a DIV b` ([`BinaryOperator::DuckIntegerDivide`]) and `a MOD b`
//! ([`BinaryOperator::Modulo`]), `f(x) FILTER (WHERE …)`, aliases in calls (`sum(x AS y)`,
//! [`Expr::Named`]), `IN ()` (an empty list), a comma after the last result column. And
//! `x::"Type"`, as `dialect_edits` leaves it, is the call `"cast"(x, 'Type')`.

use std::any::TypeId;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, Value,
};
use sqlparser::dialect::{ClickHouseDialect, Dialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// See the module.
#[derive(Debug)]
pub(crate) struct QueryDialect;

const BASE: ClickHouseDialect = ClickHouseDialect {};

/// What `ClickHouseDialect` answers differently from the default.
macro_rules! as_the_base {
    ($($name:ident),* $(,)?) => {
        $(fn $name(&self) -> bool {
            BASE.$name()
        })*
    };
}

impl Dialect for QueryDialect {
    /// Branches of the parser ask for this type.
    fn dialect(&self) -> TypeId {
        BASE.dialect()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        BASE.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        BASE.is_identifier_part(ch)
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        BASE.identifier_quote_style(identifier)
    }

    fn is_table_factor(&self, keyword: &Keyword, parser: &mut Parser) -> bool {
        BASE.is_table_factor(keyword, parser)
    }

    fn supports_string_literal_column_alias(&self, explicit: bool) -> bool {
        BASE.supports_string_literal_column_alias(explicit)
    }

    fn supports_string_literal_table_alias(&self, explicit: bool) -> bool {
        BASE.supports_string_literal_table_alias(explicit)
    }

    as_the_base![
        describe_requires_table_keyword,
        require_interval_qualifier,
        requires_hash_comment_space,
        supports_alter_column_position,
        supports_array_join_syntax,
        supports_array_typedef_with_parentheses,
        supports_comma_separated_trim,
        supports_dictionary_syntax,
        supports_from_first_select,
        supports_global_in,
        supports_group_by_expr,
        supports_group_by_with_modifier,
        supports_hash_comment,
        supports_in_unparenthesized_expr,
        supports_insert_format,
        supports_insert_table_function,
        supports_interpolate,
        supports_lambda_functions,
        supports_limit_by,
        supports_limit_comma,
        supports_map_typedef_with_parentheses,
        supports_nested_comments,
        supports_numeric_literal_underscores,
        supports_optimize_table,
        supports_order_by_all,
        supports_partition_by_after_order_by,
        supports_prewhere,
        supports_select_format,
        supports_select_wildcard_except,
        supports_select_wildcard_replace,
        supports_settings,
        supports_string_literal_backslash_escape,
        supports_tuple_element_access,
        supports_with_fill,
    ];

    fn supports_aliased_function_args(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_in_empty_list(&self) -> bool {
        true
    }

    fn supports_projection_trailing_commas(&self) -> bool {
        true
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        integer_operator(parser).map(|_| Ok(self.prec_value(Precedence::MulDivModOp)))
    }

    fn parse_infix(
        &self,
        parser: &mut Parser,
        left: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        if let Some(op) = integer_operator(parser) {
            parser.advance_token();
            let right = parser.parse_subexpr(precedence);
            return Some(right.map(|right| Expr::BinaryOp {
                left: Box::new(left.clone()),
                op,
                right: Box::new(right),
            }));
        }
        if parser.peek_token_ref().token != Token::DoubleColon {
            return None;
        }
        let Token::Word(word) = &parser.peek_nth_token_ref(1).token else {
            return None;
        };
        word.quote_style?;
        parser.advance_token();
        let data_type = parser.parse_identifier();
        Some(data_type.map(|data_type| cast(left.clone(), data_type)))
    }
}

/// The operator that the next word is, unless it is a name: `mod, …`, `div FROM …`.
fn integer_operator(parser: &Parser) -> Option<BinaryOperator> {
    let Token::Word(word) = &parser.peek_token_ref().token else {
        return None;
    };
    let op = match word.value.to_ascii_uppercase().as_str() {
        "DIV" if word.quote_style.is_none() => BinaryOperator::DuckIntegerDivide,
        "MOD" if word.quote_style.is_none() => BinaryOperator::Modulo,
        _ => return None,
    };
    match &parser.peek_nth_token_ref(1).token {
        Token::Comma | Token::RParen | Token::EOF => None,
        Token::Word(next) if next.keyword == Keyword::FROM => None,
        _ => Some(op),
    }
}

/// `"cast"(expr, 'Type')`, with the place of the type as the place of its name.
fn cast(expr: Expr, data_type: Ident) -> Expr {
    let argument = |expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr));
    let text = Value::SingleQuotedString(data_type.value).with_span(data_type.span);
    let name = Ident::with_quote_and_span('"', data_type.span, "cast");
    Expr::Function(Function {
        name: ObjectName::from(vec![name]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: vec![argument(expr), argument(Expr::Value(text))],
            clauses: vec![],
        }),
        within_group: vec![],
        filter: None,
        null_treatment: None,
        over: None,
    })
}
