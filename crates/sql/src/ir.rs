//! A bound query: every name resolved, every expression typed.
//!
//! Both printers read it: `print` writes ClickHouse's text, `lower` DuckDB's.

mod walk;

use crate::functions::Function;
use crate::types::{DataType, IntervalUnit};

/// An expression and its type.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub kind: ExprKind,
    pub ty: DataType,
    /// Byte offset in the expanded text, for errors.
    pub at: usize,
}

/// Two expressions are equal when they compute the same, wherever they were written.
impl PartialEq for Expr {
    fn eq(&self, other: &Expr) -> bool {
        self.kind == other.kind && self.ty == other.ty
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExprKind {
    Literal(Literal),
    Column(ColumnRef),
    /// A parameter of a lambda: its nesting depth and place tell it from others.
    LambdaParameter(String),
    /// A name that stands for a long argument while the text of a call is made.
    StandIn {
        name: String,
        of: Box<Expr>,
    },
    Lambda {
        parameters: Vec<String>,
        body: Box<Expr>,
    },
    Call {
        function: &'static Function,
        /// As the user spelled it; some functions have several names.
        name: String,
        arguments: Vec<Expr>,
    },
    Aggregate(Box<Aggregate>),
    Window(Box<Window>),
    Cast {
        value: Box<Expr>,
        /// `toUInt8OrNull`-like casts give NULL, `accurate` ones an error.
        or_null: bool,
    },
    In {
        needle: Box<Expr>,
        haystack: Haystack,
        negated: bool,
    },
    Interval {
        amount: Box<Expr>,
        unit: IntervalUnit,
    },
    Tuple(Vec<Expr>),
    Array(Vec<Expr>),
    TupleElement {
        tuple: Box<Expr>,
        /// From 1.
        index: usize,
    },
    Subquery(Box<Query>),
    Exists(Box<Query>),
}

#[derive(Clone, Debug)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    UInt(u64),
    Int(i64),
    Float(f64),
    String(String),
}

/// By their bits: NaN is the same expression as NaN.
impl PartialEq for Literal {
    fn eq(&self, other: &Literal) -> bool {
        match (self, other) {
            (Literal::Null, Literal::Null) => true,
            (Literal::Bool(a), Literal::Bool(b)) => a == b,
            (Literal::UInt(a), Literal::UInt(b)) => a == b,
            (Literal::Int(a), Literal::Int(b)) => a == b,
            (Literal::Float(a), Literal::Float(b)) => a.to_bits() == b.to_bits(),
            (Literal::String(a), Literal::String(b)) => a == b,
            _ => false,
        }
    }
}

/// A column of one of the query's sources.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ColumnRef {
    pub source: usize,
    /// Place among the source's columns.
    pub index: usize,
    pub name: String,
    /// Whether an outer join may leave the row out: then ClickHouse has the type's default
    /// where DuckDB has NULL.
    pub or_default: bool,
    /// Whether it is an element of a joined array.
    pub is_element: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aggregate {
    pub function: &'static Function,
    pub name: String,
    pub parameters: Vec<Expr>,
    pub arguments: Vec<Expr>,
    /// The condition of `-If`, of `FILTER`, or both.
    pub filter: Option<Expr>,
    pub distinct: bool,
    pub suffix: Suffix,
}

/// How an aggregate of no rows is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suffix {
    None,
    OrNull,
    OrDefault,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    /// An aggregate, or a call of a window function.
    pub function: Expr,
    pub partition_by: Vec<Expr>,
    pub order_by: Vec<OrderKey>,
    pub frame: Option<Frame>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub is_rows: bool,
    pub start: Bound,
    pub end: Bound,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound {
    UnboundedPreceding,
    Preceding(Box<Expr>),
    CurrentRow,
    Following(Box<Expr>),
    UnboundedFollowing,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Haystack {
    List(Vec<Expr>),
    Query(Box<Query>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OrderKey {
    pub expr: Expr,
    pub descending: bool,
    pub nulls_first: bool,
    pub fill: Option<Fill>,
}

/// `WITH FILL`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fill {
    pub from: Option<Expr>,
    pub to: Option<Expr>,
    pub step: Option<Expr>,
    /// Places of the result columns that `INTERPOLATE` repeats.
    pub interpolate: Vec<usize>,
}

/// One or several selects and what holds for their result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Query {
    Select(Box<Select>),
    Set {
        operator: SetOperator,
        branches: Vec<Query>,
        columns: Vec<Column>,
    },
}

/// A column that a query gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub name: String,
    pub ty: DataType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetOperator {
    UnionAll,
    UnionDistinct,
    Intersect,
    IntersectAll,
    Except,
    ExceptAll,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Select {
    pub distinct: Distinct,
    pub items: Vec<Item>,
    pub from: Option<From>,
    pub filter: Option<Expr>,
    pub group_by: Vec<Expr>,
    pub grouping: Grouping,
    pub having: Option<Expr>,
    pub qualify: Option<Expr>,
    pub order_by: Vec<OrderKey>,
    pub limit_by: Option<LimitBy>,
    pub limit: Option<Expr>,
    pub offset: Option<Expr>,
    /// Whether rows that are equal to the last one in the sort keys come too.
    pub with_ties: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Distinct {
    No,
    Rows,
    On(Vec<Expr>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// No GROUP BY and no aggregate.
    None,
    Plain,
    Rollup,
    Cube,
    /// `GROUPING SETS`: of each set the places of its keys.
    Sets(Vec<Vec<usize>>),
}

impl Grouping {
    /// Whether there are groups that leave keys out, which then have their type's default.
    pub fn leaves_keys_out(&self) -> bool {
        !matches!(self, Grouping::None | Grouping::Plain)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub expr: Expr,
    /// The result column's name.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LimitBy {
    pub limit: Expr,
    pub offset: Expr,
    pub keys: Vec<Expr>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum From {
    Source(Source),
    Join(Box<Join>),
    ArrayJoin(Box<ArrayJoin>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Source {
    pub id: usize,
    pub kind: SourceKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SourceKind {
    /// The caller's events.
    Relation,
    /// What they tell of users, projects, tasks and jobs.
    Catalogue,
    Query(Box<Query>),
    /// A view whose rows the store may keep from one query to the next.
    Materialized {
        view: &'static str,
        query: Box<Query>,
    },
    /// `numbers(offset, length)`.
    Numbers {
        offset: Expr,
        length: Expr,
    },
    /// `system.one`: a single row.
    One,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Join {
    pub left: From,
    pub right: From,
    pub kind: JoinKind,
    pub strictness: Strictness,
    pub on: Option<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Cross,
    /// The rows of the left side that have a partner, with one of them.
    LeftSemi,
    RightSemi,
    /// The rows of the left side that have none; the right one's columns are defaults.
    LeftAnti,
    RightAnti,
}

impl JoinKind {
    /// Whether there are rows without one of the side.
    pub fn leaves_out(self, is_right: bool) -> bool {
        match self {
            JoinKind::Left | JoinKind::LeftAnti => is_right,
            JoinKind::Right | JoinKind::RightAnti => !is_right,
            JoinKind::Full => true,
            JoinKind::Inner | JoinKind::Cross | JoinKind::LeftSemi | JoinKind::RightSemi => false,
        }
    }

    /// Whether the setting `join_use_nulls` makes the columns of a side Nullable. A SEMI JOIN leaves nothing out, but to
    /// ClickHouse it is a LEFT or RIGHT JOIN.
    pub fn may_be_null(self, is_right: bool) -> bool {
        match self {
            JoinKind::LeftSemi => is_right,
            JoinKind::RightSemi => !is_right,
            _ => self.leaves_out(is_right),
        }
    }
}

/// How many of the rows that meet are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    All,
    /// One row of the other side for each of the side that is kept; of an inner join one pair for each key.
    Any,
    /// The nearest row of the right side by a comparison of one column.
    Asof,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ArrayJoin {
    pub input: From,
    /// The source that the arrays' elements are columns of.
    pub id: usize,
    pub arrays: Vec<(Expr, String)>,
    /// `LEFT ARRAY JOIN`: an empty array gives one row of defaults.
    pub is_left: bool,
}

impl Query {
    /// The result's columns.
    pub fn columns(&self) -> Vec<Column> {
        match self {
            Query::Set { columns, .. } => columns.clone(),
            Query::Select(select) => select
                .items
                .iter()
                .map(|item| Column {
                    name: item.name.clone(),
                    ty: item.expr.ty.clone(),
                })
                .collect(),
        }
    }
}

impl Expr {
    pub fn new(kind: ExprKind, ty: DataType, at: usize) -> Expr {
        Expr { kind, ty, at }
    }

    /// How an error message calls it.
    pub fn described(&self) -> String {
        match &self.kind {
            ExprKind::Column(column) => column.name.clone(),
            ExprKind::Literal(Literal::String(text)) => format!("'{text}'"),
            ExprKind::Literal(Literal::UInt(value)) => value.to_string(),
            ExprKind::Literal(Literal::Int(value)) => value.to_string(),
            ExprKind::Literal(Literal::Null) => "NULL".to_owned(),
            ExprKind::Aggregate(aggregate) => {
                let arguments: Vec<String> =
                    aggregate.arguments.iter().map(Expr::described).collect();
                format!("{}({})", aggregate.name, arguments.join(", "))
            }
            ExprKind::Call { name, .. } => format!("{name}(…)"),
            _ => "this value".to_owned(),
        }
    }

    /// The first aggregate in it.
    pub fn first_aggregate(&self) -> Option<&Expr> {
        match &self.kind {
            ExprKind::Aggregate(_) => Some(self),
            _ => self.children().into_iter().find_map(Expr::first_aggregate),
        }
    }

    /// The text of a string literal.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Literal(Literal::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of an integer literal.
    pub fn as_integer(&self) -> Option<i64> {
        match self.kind {
            ExprKind::Literal(Literal::UInt(value)) => i64::try_from(value).ok(),
            ExprKind::Literal(Literal::Int(value)) => Some(value),
            _ => None,
        }
    }

    pub fn is_null_literal(&self) -> bool {
        self.kind == ExprKind::Literal(Literal::Null)
    }

    pub fn is_literal(&self) -> bool {
        matches!(self.kind, ExprKind::Literal(_))
    }

    /// The expressions directly inside of this one; not those of subqueries.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Literal(_)
            | ExprKind::Column(_)
            | ExprKind::LambdaParameter(_)
            | ExprKind::Subquery(_)
            | ExprKind::Exists(_) => Vec::new(),
            ExprKind::Lambda { body, .. } => vec![body],
            ExprKind::Call { arguments, .. } => arguments.iter().collect(),
            ExprKind::Aggregate(aggregate) => aggregate
                .arguments
                .iter()
                .chain(&aggregate.filter)
                .collect(),
            ExprKind::Window(window) => std::iter::once(&window.function)
                .chain(&window.partition_by)
                .chain(window.order_by.iter().map(|key| &key.expr))
                .collect(),
            ExprKind::Cast { value, .. } => vec![value],
            ExprKind::In {
                needle, haystack, ..
            } => match haystack {
                Haystack::List(items) => std::iter::once(&**needle).chain(items).collect(),
                Haystack::Query(_) => vec![needle],
            },
            ExprKind::Interval { amount, .. } => vec![amount],
            ExprKind::Tuple(items) | ExprKind::Array(items) => items.iter().collect(),
            ExprKind::TupleElement { tuple, .. } => vec![tuple],
            ExprKind::StandIn { of, .. } => vec![of],
        }
    }

    /// The function that it calls, and with what.
    pub fn as_call(&self) -> Option<(&'static Function, &[Expr])> {
        match &self.kind {
            ExprKind::Call {
                function,
                arguments,
                ..
            } => Some((function, arguments)),
            _ => None,
        }
    }

    /// Whether the value is the same for every row.
    pub fn is_constant(&self) -> bool {
        !self.any(&mut |part| {
            matches!(
                part.kind,
                ExprKind::Column(_)
                    | ExprKind::LambdaParameter(_)
                    | ExprKind::Aggregate(_)
                    | ExprKind::Window(_)
                    | ExprKind::Subquery(_)
                    | ExprKind::Exists(_)
            )
        })
    }

    /// Whether it runs a query of its own.
    pub fn is_query(&self) -> bool {
        matches!(
            self.kind,
            ExprKind::Subquery(_)
                | ExprKind::Exists(_)
                | ExprKind::In {
                    haystack: Haystack::Query(_),
                    ..
                }
        )
    }

    /// Whether `is` holds for this expression or one inside of it.
    pub fn any(&self, is: &mut impl FnMut(&Expr) -> bool) -> bool {
        is(self) || self.children().into_iter().any(|child| child.any(is))
    }

    /// Whether an aggregate is computed here, other than over a window.
    pub fn has_aggregate(&self) -> bool {
        match &self.kind {
            ExprKind::Aggregate(_) => true,
            ExprKind::Window(window) => {
                let arguments = window.function.children();
                let others = window.partition_by.iter();
                let others = others.chain(window.order_by.iter().map(|key| &key.expr));
                arguments.into_iter().chain(others).any(Expr::has_aggregate)
            }
            _ => self.children().into_iter().any(Expr::has_aggregate),
        }
    }

    pub fn has_window(&self) -> bool {
        self.any(&mut |expr| matches!(expr.kind, ExprKind::Window(_)))
    }
}
