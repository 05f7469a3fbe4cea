//! Calls: which signature of a function is meant.

use sqlparser::ast::{
    DuplicateTreatment, Expr as Ast, Function as Call, FunctionArg, FunctionArgExpr,
    FunctionArguments, LambdaFunction, ObjectName,
};

use super::aggregates::AggregateCall;
use super::{Binder, LambdaParameter, Scope};
use crate::error::{ErrorKind, SqlError};
use crate::functions::{self, Class, Function, FunctionKind};
use crate::ir::{Expr, ExprKind};
use crate::types::DataType;

/// Functions that ClickHouse has and that are refused for what they can do.
const FORBIDDEN: &[&str] = &[
    "file",
    "url",
    "remote",
    "remoteSecure",
    "s3",
    "hdfs",
    "mysql",
    "postgresql",
    "sqlite",
    "odbc",
    "jdbc",
    "cluster",
    "clusterAllReplicas",
    "input",
    "executable",
    "dictGet",
    "dictGetOrNull",
    "dictGetOrDefault",
    "dictHas",
    "joinGet",
    "getSetting",
    "getServerSetting",
    "getMacro",
    "hostName",
    "currentUser",
    "currentDatabase",
    "sleep",
    "sleepEachRow",
    "throwIf",
    "catboostEvaluate",
    "fuzzBits",
    "generateRandom",
    "merge",
    "view",
    "filesystemAvailable",
    "addressToLine",
    "read_text",
    "read_csv",
    "read_csv_auto",
    "read_parquet",
    "read_json",
    "read_blob",
    "glob",
    "sniff_csv",
    "duckdb_secrets",
    "duckdb_settings",
    "duckdb_tables",
    "pragma_table_info",
    "query",
    "query_table",
    "getenv",
    "current_setting",
    "which_secret",
];

impl Binder<'_> {
    /// A call as it was written.
    pub(super) fn function<'q>(
        &mut self,
        call: &'q Call,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let written = self.function_name(&call.name, at)?;
        match written {
            "parameter" => return self.parameter(call, at),
            "cast" => return self.cast_call(call, at, scope),
            "nested" => {
                if let FunctionArguments::List(list) = &call.args
                    && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))] =
                        list.args.as_slice()
                {
                    return self.expr(inner, scope);
                }
            }
            _ => {}
        }
        if !call.within_group.is_empty() || call.null_treatment.is_some() {
            return Err(self.unsupported(&format!("this form of {written}"), None, at));
        }
        let (list, is_distinct) = match &call.args {
            FunctionArguments::List(list) => {
                if !list.clauses.is_empty() {
                    let message = format!("this form of {written}");
                    return Err(self.unsupported(&message, None, at));
                }
                let is_distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
                (list.args.as_slice(), is_distinct)
            }
            FunctionArguments::None => (&[][..], false),
            FunctionArguments::Subquery(_) => {
                return Err(self.unsupported("a subquery as an argument", None, at));
            }
        };
        let asts = self.arguments(written, list, at)?;
        if asts.is_empty()
            && call.over.is_none()
            && let Some(text) = self.of_server(written, at)?
        {
            return Ok(text);
        }
        if let [Ast::Identifier(unit), rest @ ..] = asts.as_slice()
            && let Some(moved) = self.call_of_unit(written, &unit.value, rest, at, scope)?
        {
            return Ok(moved);
        }
        if let Some(combined) = Self::combined(written) {
            let parameters = match &call.parameters {
                FunctionArguments::List(list) => {
                    let asts = self.arguments(written, &list.args, at)?;
                    self.exprs(asts, scope)?
                }
                _ => Vec::new(),
            };
            let filter = call.filter.as_deref();
            let call_of = AggregateCall {
                written,
                combined,
                parameters,
                asts,
                filter,
                is_distinct,
                at,
            };
            let aggregate =
                |binder: &mut Self, scope: &mut Scope<'q>| binder.aggregate(call_of, scope);
            return match &call.over {
                None => {
                    let is_nested = std::mem::replace(&mut self.in_aggregate, true);
                    if is_nested {
                        let name = crate::names::name_of(&Ast::Function(call.clone()), scope);
                        let message = format!("the aggregate {name} stands within another one");
                        return Err(self.type_error(message, at));
                    }
                    let bound = aggregate(self, scope);
                    self.in_aggregate = false;
                    bound
                }
                Some(window) => {
                    let function = aggregate(self, scope)?;
                    self.over(function, window, at, scope)
                }
            };
        }
        if call.parameters != FunctionArguments::None && functions::signatures(written).is_none() {
            return Err(self.unknown_function(written, at));
        }
        if is_distinct || call.filter.is_some() || call.parameters != FunctionArguments::None {
            let message = format!(
                "{written} is no aggregate: DISTINCT, FILTER and parameters mean nothing for it"
            );
            return Err(self.type_error(message, at));
        }
        if matches!(written, "lagInFrame" | "leadInFrame" | "lag" | "lead") || call.over.is_some() {
            let arguments = self.exprs(asts, scope)?;
            let function = self.call(written, arguments, at)?;
            let Some(window) = &call.over else {
                let message = format!("{written} needs OVER (…)");
                return Err(self.type_error(message, at));
            };
            return self.over(function, window, at, scope);
        }
        if let [Ast::Lambda(lambda), arrays @ ..] = asts.as_slice() {
            return self.higher_order(written, lambda, arrays, at, scope);
        }
        if let Some(operator) = crate::names::moved_by(written) {
            let arguments = self.exprs(asts, scope)?;
            return self.call(operator, arguments, at);
        }
        if crate::names::is_difference(written) {
            let arguments = self.exprs(asts, scope)?;
            return self.call("dateDiff", arguments, at);
        }
        let arguments = self.exprs(asts, scope)?;
        self.call(written, arguments, at)
    }

    /// `date_diff(minute, a, b)`, `dateAdd(DAY, 1, x)`: the unit is a word, and no column's name.
    fn call_of_unit<'q>(
        &mut self,
        written: &str,
        unit: &str,
        rest: &[&'q Ast],
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Option<Expr>, SqlError> {
        let operator = crate::names::moved_by(written);
        let is_difference = crate::names::is_difference(written);
        let Some(unit) =
            crate::names::unit_word(unit).filter(|_| is_difference || operator.is_some())
        else {
            return Ok(None);
        };
        let mut arguments = self.exprs(rest.iter().copied(), scope)?;
        if is_difference {
            let word = ExprKind::Literal(crate::ir::Literal::String(unit.to_owned()));
            let word = self.node(word, DataType::String, at)?;
            arguments.insert(0, word);
            return self.call("dateDiff", arguments, at).map(Some);
        }
        let (Some(operator), [amount, time]) = (operator, arguments.as_slice()) else {
            return Err(self.type_error(format!("{written} takes a unit, a number and a time"), at));
        };
        let unit =
            crate::time_arguments::unit_named(unit).expect("the units of the table are known");
        let interval = self.interval_of(amount.clone(), unit, at)?;
        self.call(operator, vec![time.clone(), interval], at)
            .map(Some)
    }

    fn function_name<'q>(&self, name: &'q ObjectName, at: usize) -> Result<&'q str, SqlError> {
        match name.0.as_slice() {
            [part] if part.as_ident().is_some() => {
                Ok(part.as_ident().map_or("", |ident| ident.value.as_str()))
            }
            _ => {
                let message = format!("there is no function {name}");
                Err(self.error(ErrorKind::Unknown, message, at))
            }
        }
    }

    fn arguments<'q>(
        &self,
        function: &str,
        list: &'q [FunctionArg],
        at: usize,
    ) -> Result<Vec<&'q Ast>, SqlError> {
        let mut asts = Vec::with_capacity(list.len());
        for argument in list {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(ast)) => asts.push(ast),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard)
                    if function.eq_ignore_ascii_case("count") && list.len() == 1 => {}
                other => {
                    let message = format!("the argument {other} of {function}");
                    return Err(self.unsupported(&message, None, at));
                }
            }
        }
        Ok(asts)
    }

    /// Calls a function by name with bound arguments.
    pub(super) fn call(
        &mut self,
        name: &str,
        arguments: Vec<Expr>,
        at: usize,
    ) -> Result<Expr, SqlError> {
        match name {
            "tuple" => return self.tuple(arguments, at),
            "array" => return self.array(arguments, at),
            _ => {}
        }
        let arguments = self.whole_places(name, arguments)?;
        let function = self.signature(name, &arguments, at)?;
        if function.kind == FunctionKind::Aggregate {
            return Err(self.type_error(format!("{name} is an aggregate"), at));
        }
        let arguments = self.prepare_arguments(function, arguments)?;
        self.functions.insert(function.name);
        if let Some(other) = self.special(function, &arguments, at)? {
            return Ok(other);
        }
        let ty = self.result_type(function, &arguments, at)?;
        let kind = ExprKind::Call {
            function,
            name: name.to_owned(),
            arguments,
        };
        self.node(kind, ty, at)
    }

    /// Places within texts may be floats, of which ClickHouse takes the whole part.
    fn whole_places(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Vec<Expr>, SqlError> {
        const CUT: [&str; 8] = [
            "substring",
            "substr",
            "mid",
            "substringUTF8",
            "left",
            "right",
            "leftUTF8",
            "rightUTF8",
        ];
        if !CUT.contains(&name) {
            return Ok(arguments);
        }
        let whole = arguments.into_iter().map(|argument| {
            if argument.ty.is_float() {
                let at = argument.at;
                self.call("toInt64", vec![argument], at)
            } else {
                Ok(argument)
            }
        });
        whole.collect()
    }

    /// Calls that are nodes of their own.
    fn special(
        &mut self,
        function: &Function,
        arguments: &[Expr],
        at: usize,
    ) -> Result<Option<Expr>, SqlError> {
        if function.result == "interval" {
            let unit = function.name.strip_prefix("toInterval").unwrap_or_default();
            let unit = crate::time_arguments::unit_named(unit);
            let unit = unit.expect("the table's intervals have known units");
            return self.interval_of(arguments[0].clone(), unit, at).map(Some);
        }
        if function.name == "tupleElement" {
            let index = arguments[1]
                .as_integer()
                .and_then(|index| usize::try_from(index).ok());
            let index = index.unwrap_or(0);
            return self
                .tuple_element(arguments[0].clone(), index, at)
                .map(Some);
        }
        if matches!(function.name, "cast" | "accurateCastOrNull") {
            let ty = self.type_named(arguments[1].as_text().unwrap_or_default(), at)?;
            let is_or_null = function.name == "accurateCastOrNull";
            let ty = if is_or_null { ty.nullable() } else { ty };
            let mut cast = self.cast(arguments[0].clone(), ty, at)?;
            if let ExprKind::Cast { or_null, .. } = &mut cast.kind {
                *or_null = is_or_null;
            }
            return Ok(Some(cast));
        }
        Ok(None)
    }

    /// The row of the table that these arguments mean.
    pub(super) fn signature(
        &self,
        name: &str,
        arguments: &[Expr],
        at: usize,
    ) -> Result<&'static Function, SqlError> {
        let Some(signatures) = functions::signatures(name) else {
            return Err(self.unknown_function(name, at));
        };
        let mut problem = None;
        for function in signatures {
            match Self::mismatch(function, arguments) {
                None => return Ok(function),
                Some(mismatch) => problem = problem.or(Some(mismatch)),
            }
        }
        let (message, at) = problem.unwrap_or((format!("{name} cannot be called so"), at));
        let mut error = self.type_error(message, at);
        let forms: Vec<String> = signatures
            .iter()
            .map(|function| format!("{}({})", function.name, function.signature()))
            .collect();
        error.hint = Some(format!("it is {}", forms.join(" or ")));
        Err(error)
    }

    pub(super) fn unknown_function(&self, name: &str, at: usize) -> SqlError {
        if FORBIDDEN.contains(&name) {
            let message = format!("the function {name} is not allowed here");
            return self.error(ErrorKind::Forbidden, message, at);
        }
        let message = format!("the function {name} is not supported");
        let mut error = self.error(ErrorKind::Unsupported, message, at);
        let known = functions::all().iter().map(|function| function.name);
        error.hint = crate::similar::nearest(name, known);
        error
    }

    /// What of the arguments does not fit, and where.
    fn mismatch(function: &Function, arguments: &[Expr]) -> Option<(String, usize)> {
        if !function.takes(arguments.len()) {
            let n = arguments.len();
            let at = arguments.first().map_or(0, |first| first.at);
            return Some((format!("{} does not take {n} arguments", function.name), at));
        }
        for (index, argument) in arguments.iter().enumerate() {
            let wanted = function.argument(index)?;
            let name = function.name;
            if wanted.is_constant && !argument.is_literal() {
                let message = format!("argument {} of {name} must be a literal", index + 1);
                return Some((message, argument.at));
            }
            let is_strict = wanted.class == Class::Condition && matches!(name, "if" | "multiIf");
            if is_strict
                && !argument.ty.is_nothing()
                && !matches!(argument.ty.inner(), DataType::UInt8 | DataType::Bool)
            {
                let message = format!(
                    "the condition {} of {name} is {}, not UInt8",
                    argument.described(),
                    argument.ty
                );
                return Some((message, argument.at));
            }
            if !fits(wanted.class, argument) {
                let message = format!("argument {} of {name} cannot be {}", index + 1, argument.ty);
                return Some((message, argument.at));
            }
        }
        None
    }

    /// Texts that stand for times, and the like.
    fn prepare_arguments(
        &mut self,
        function: &Function,
        arguments: Vec<Expr>,
    ) -> Result<Vec<Expr>, SqlError> {
        if function.result == "cond" && arguments.len() == 2 && is_comparison(function.name) {
            let [a, b]: [Expr; 2] = arguments.try_into().expect("there are two");
            // A text on one side becomes what the other side is.
            let is_reversed = a.as_text().is_some() && b.as_text().is_none();
            let (constant, other) = if is_reversed { (a, b) } else { (b, a) };
            let names = (constant.described(), other.described());
            let constant = self.comparable(constant, &other.ty).map_err(|mut error| {
                error.message = format!("{} and {}: {}", names.1, names.0, error.message);
                error
            })?;
            return Ok(if is_reversed {
                vec![constant, other]
            } else {
                vec![other, constant]
            });
        }
        Ok(arguments)
    }

    pub(super) fn higher_order<'q>(
        &mut self,
        name: &str,
        lambda: &'q LambdaFunction,
        arrays: &[&'q Ast],
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let Some(function) = functions::signatures(name).and_then(|rows| {
            rows.iter().find(|row| {
                row.arguments
                    .first()
                    .is_some_and(|first| first.class == Class::Lambda)
            })
        }) else {
            return Err(match functions::signatures(name) {
                Some(_) => self.type_error(format!("{name} takes no lambda"), at),
                None => self.unknown_function(name, at),
            });
        };
        let arrays = self.exprs(arrays.iter().copied(), scope)?;
        let names: Vec<&str> = lambda
            .params
            .iter()
            .map(|parameter| parameter.name.value.as_str())
            .collect();
        if names.len() != arrays.len() || !function.takes(arrays.len() + 1) {
            let message = format!(
                "{name} of {} arrays takes a lambda of as many parameters",
                arrays.len()
            );
            return Err(self.type_error(message, at));
        }
        let depth = scope.lambdas.len();
        let mut uniques = Vec::new();
        for (index, (array, name)) in arrays.iter().zip(&names).enumerate() {
            let Some(item) = array.ty.item() else {
                return Err(self.type_error(format!("{} is no array", array.ty), array.at));
            };
            let unique = match names.len() {
                1 => format!("x{depth}"),
                _ => format!("x{depth}_{}", index + 1),
            };
            uniques.push(unique.clone());
            scope.lambdas.push(LambdaParameter {
                name: (*name).to_owned(),
                unique,
                ty: item.clone(),
            });
        }
        let body = self.expr(&lambda.body, scope);
        scope.lambdas.truncate(depth);
        let body = body?;
        // DuckDB's binder takes none, and its message would be about what nobody wrote.
        if body.any(&mut |inner| inner.is_query()) {
            let hint = "join the subquery, or put its result into an array first";
            return Err(self.unsupported("a subquery within a lambda", Some(hint), body.at));
        }
        let ty = body.ty.clone();
        let kind = ExprKind::Lambda {
            parameters: uniques,
            body: Box::new(body),
        };
        let lambda_at = self.source_map.of(&*lambda.body);
        let lambda = self.node(kind, ty, lambda_at)?;
        let mut arguments = vec![lambda];
        arguments.extend(arrays);
        self.functions.insert(function.name);
        let ty = self.result_type(function, &arguments, at)?;
        let kind = ExprKind::Call {
            function,
            name: name.to_owned(),
            arguments,
        };
        self.node(kind, ty, at)
    }
}

pub(super) fn is_comparison(name: &str) -> bool {
    matches!(
        name,
        "equals"
            | "notEquals"
            | "less"
            | "greater"
            | "lessOrEquals"
            | "greaterOrEquals"
            | "isDistinctFrom"
            | "isNotDistinctFrom"
    )
}

/// Whether a value may be an argument of a class. NULL fits everywhere.
pub(super) fn fits(class: Class, argument: &Expr) -> bool {
    let ty = &argument.ty;
    if ty.is_nothing() && class != Class::Lambda {
        return true;
    }
    match class {
        Class::Any | Class::Common => !matches!(argument.kind, ExprKind::Lambda { .. }),
        Class::Number | Class::Float => ty.is_number(),
        Class::Integer => ty.is_integer() || *ty.inner() == DataType::Bool,
        Class::Text => ty.is_string(),
        Class::Time => ty.is_time(),
        Class::DateTime => ty.is_datetime(),
        Class::Condition => ty.is_number(),
        Class::Array => ty.item().is_some(),
        Class::Interval => ty.is_interval(),
        Class::Lambda => matches!(argument.kind, ExprKind::Lambda { .. }),
    }
}
