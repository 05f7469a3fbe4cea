//! `OVER`.

use sqlparser::ast::{
    Expr as Ast, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::{Binder, Scope};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Bound, Expr, ExprKind, Frame, Window};

impl Binder<'_> {
    pub(super) fn over<'q>(
        &mut self,
        function: Expr,
        window: &'q WindowType,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let spec = match window {
            WindowType::WindowSpec(spec) => spec,
            WindowType::NamedWindow(name) => {
                if let Some(spec) = scope.windows.get(&name.value) {
                    *spec
                } else {
                    let message = format!("there is no window {}", name.value);
                    return Err(self.error(ErrorKind::Unknown, message, at));
                }
            }
        };
        let (partition_by, order_by, frame) = self.window_spec(spec, at, scope)?;
        let ty = function.ty.clone();
        let window = Window {
            function,
            partition_by,
            order_by,
            frame,
        };
        self.node(ExprKind::Window(Box::new(window)), ty, at)
    }

    #[expect(clippy::type_complexity, reason = "the three parts of a window")]
    fn window_spec<'q>(
        &mut self,
        spec: &'q WindowSpec,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<(Vec<Expr>, Vec<crate::ir::OrderKey>, Option<Frame>), SqlError> {
        let (mut partition_by, mut order_by) = (Vec::new(), Vec::new());
        let mut frame = None;
        if let Some(base) = &spec.window_name {
            let Some(base) = scope.windows.get(&base.value).copied() else {
                let message = format!("there is no window {}", base.value);
                return Err(self.error(ErrorKind::Unknown, message, at));
            };
            (partition_by, order_by, frame) =
                self.deeper(at, |binder| binder.window_spec(base, at, scope))?;
        }
        partition_by.extend(self.exprs(&spec.partition_by, scope)?);
        for key in &spec.order_by {
            order_by.push(self.order_key(key, scope, &[])?);
        }
        if let Some(written) = &spec.window_frame {
            frame = Some(self.frame(written, at, scope)?);
        }
        Ok((partition_by, order_by, frame))
    }

    fn frame<'q>(
        &mut self,
        frame: &'q WindowFrame,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Frame, SqlError> {
        let is_rows = match frame.units {
            WindowFrameUnits::Rows => true,
            WindowFrameUnits::Range => false,
            WindowFrameUnits::Groups => return Err(self.unsupported("GROUPS", None, at)),
        };
        let start = self.frame_bound(&frame.start_bound, at, scope)?;
        let end = match &frame.end_bound {
            Some(end) => self.frame_bound(end, at, scope)?,
            None => Bound::CurrentRow,
        };
        Ok(Frame {
            is_rows,
            start,
            end,
        })
    }

    fn frame_bound<'q>(
        &mut self,
        bound: &'q WindowFrameBound,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Bound, SqlError> {
        let mut amount = |binder: &mut Self, ast: &'q Ast| {
            let amount = binder.expr(ast, scope)?;
            if amount.as_integer().is_none() {
                return Err(binder.type_error("a frame's bound must be a whole number", at));
            }
            Ok(Box::new(amount))
        };
        Ok(match bound {
            WindowFrameBound::CurrentRow => Bound::CurrentRow,
            WindowFrameBound::Preceding(None) => Bound::UnboundedPreceding,
            WindowFrameBound::Following(None) => Bound::UnboundedFollowing,
            WindowFrameBound::Preceding(Some(n)) => Bound::Preceding(amount(self, n)?),
            WindowFrameBound::Following(Some(n)) => Bound::Following(amount(self, n)?),
        })
    }
}
