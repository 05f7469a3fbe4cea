//! Conversions: `CAST`, typed parameters, texts that are compared with times.

use sqlparser::ast::{
    Expr as Ast, Function as Call, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};

use super::{Binder, Scope};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Expr, ExprKind, Literal};
use crate::types::DataType;

impl Binder<'_> {
    pub(super) fn type_named(&self, name: &str, at: usize) -> Result<DataType, SqlError> {
        DataType::parse(name).ok_or_else(|| {
            let message = format!("the type {name} is not supported");
            self.error(ErrorKind::Unsupported, message, at)
        })
    }

    pub(super) fn cast(&mut self, value: Expr, ty: DataType, at: usize) -> Result<Expr, SqlError> {
        let from = value.ty.inner();
        let to = ty.inner();
        let is_possible = from == to
            || from == &DataType::Nothing
            || from.is_string()
            || to.is_string()
            || (from.is_number() && (to.is_number() || to.is_time()))
            || (from.is_time() && (to.is_time() || to.is_number()))
            || (from.item().is_some() && to.item().is_some());
        if !is_possible {
            return Err(self.type_error(format!("{from} cannot be made {to}"), at));
        }
        if value.is_null_literal() && !ty.is_nullable() && !ty.is_nothing() {
            return Err(self.type_error(
                format!("NULL cannot be made {ty}, which is not Nullable"),
                at,
            ));
        }
        if let Some(timezone) = to.timezone() {
            self.check_timezone(timezone, at)?;
        }
        let inherited = value.ty.timezone().map(str::to_owned);
        let ty = match ty {
            DataType::DateTime(None) => DataType::DateTime(inherited),
            DataType::DateTime64 {
                precision,
                timezone: None,
            } => DataType::DateTime64 {
                precision,
                timezone: inherited,
            },
            other => other,
        };
        let kind = ExprKind::Cast {
            value: Box::new(value),
            or_null: false,
        };
        self.node(kind, ty, at)
    }

    /// `"cast"(value, 'Type')`: how the token pass writes CAST.
    pub(super) fn cast_call<'q>(
        &mut self,
        call: &'q Call,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let [value, ty] = two_arguments(call)
            .ok_or_else(|| self.type_error("CAST takes a value and a type", at))?;
        let value = self.expr(value, scope)?;
        let ty = self.expr(ty, scope)?;
        let Some(name) = ty.as_text() else {
            return Err(self.type_error("the type of CAST must be a literal", at));
        };
        let ty = self.type_named(name, at)?;
        self.cast(value, ty, at)
    }

    /// A text that is compared with a date or a time, as a literal of that type: checked here,
    /// because the stores differ in what they take.
    pub(super) fn time_of_text(
        &mut self,
        text: String,
        with: &DataType,
        at: usize,
    ) -> Result<Expr, SqlError> {
        if !is_time(&text, with.is_date()) {
            let mut error = self.type_error(format!("'{text}' is no {}", with.inner()), at);
            error.hint = Some(if with.is_date() {
                "write '2026-01-31'".to_owned()
            } else {
                "write '2026-01-31 12:00:00'".to_owned()
            });
            return Err(error);
        }
        let literal = ExprKind::Literal(Literal::String(text));
        let literal = self.node(literal, DataType::String, at)?;
        self.cast(literal, with.inner().clone(), at)
    }
}

pub(super) fn two_arguments(call: &Call) -> Option<[&Ast; 2]> {
    let FunctionArguments::List(list) = &call.args else {
        return None;
    };
    match list.args.as_slice() {
        [
            FunctionArg::Unnamed(FunctionArgExpr::Expr(a)),
            FunctionArg::Unnamed(FunctionArgExpr::Expr(b)),
        ] => Some([a, b]),
        _ => None,
    }
}

pub(super) fn text(ast: &Ast) -> Option<&str> {
    match ast {
        Ast::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// `2026-01-31`, for a time also with ` 12:00:00` and a fraction: what ClickHouse compares.
fn is_time(text: &str, is_date: bool) -> bool {
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let (date, time) = match text.split_once(' ') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let date: Vec<&str> = date.split('-').collect();
    let [year, month, day] = date.as_slice() else {
        return false;
    };
    if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return false;
    }
    if jiff::civil::Date::new(
        year.parse().unwrap_or(0),
        month.parse().unwrap_or(0),
        day.parse().unwrap_or(0),
    )
    .is_err()
    {
        return false;
    }
    let Some(time) = time else {
        return true;
    };
    if is_date {
        return false;
    }
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction)) => (clock, fraction),
        None => (time, ""),
    };
    let clock: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = clock.as_slice() else {
        return false;
    };
    digits(hour, 2)
        && digits(minute, 2)
        && digits(second, 2)
        && *hour < "24"
        && *minute < "60"
        && *second < "60"
        && fraction.bytes().all(|b| b.is_ascii_digit())
}
