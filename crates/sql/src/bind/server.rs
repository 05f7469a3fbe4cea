//! What the server says of itself and of who asks: constants, the same on both stores.

use super::Binder;
use crate::error::SqlError;
use crate::functions::{self, Lowering};
use crate::ir::{Expr, ExprKind, Literal};
use crate::types::DataType;

/// The version of ClickHouse whose dialect this is.
pub const VERSION: &str = "26.9.2.1";

/// The revision of ClickHouse's protocol that it speaks.
const REVISION: u64 = 54_515;

impl Binder<'_> {
    /// The constant that a call such as `version()` stands for; `None` for other functions.
    pub(super) fn of_server(&mut self, name: &str, at: usize) -> Result<Option<Expr>, SqlError> {
        let signature = functions::signatures(name).and_then(|all| all.first());
        let Some(function) = signature.filter(|f| f.lowering == Lowering::Pass("server")) else {
            return Ok(None);
        };
        self.functions.insert(function.name);
        let text = match function.name {
            "version" => VERSION,
            "currentDatabase" | "current_database" => {
                self.context.database.as_deref().unwrap_or("cvat")
            }
            "currentUser" | "current_user" => {
                let asker = self.context.asker.as_ref();
                asker.map_or("", |asker| &asker.login)
            }
            "hostName" | "hostname" | "displayName" => "annoscope",
            "revision" => {
                let literal = ExprKind::Literal(Literal::UInt(REVISION));
                return self.node(literal, DataType::UInt32, at).map(Some);
            }
            "timezone" | "timeZone" => self.settings.session_timezone.as_deref().unwrap_or("UTC"),
            _ => "UTC",
        };
        let literal = ExprKind::Literal(Literal::String(text.to_owned()));
        self.node(literal, DataType::String, at).map(Some)
    }
}
