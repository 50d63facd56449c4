//! Declared queries.

use diagnostics::Diagnostic;
use syntax::ast::{self, LimitValue};

use super::clauses::Seen;
use super::exprs::{Place, Scope};
use super::{Resolver, doc_of, name_of, times};
use crate::{EntityId, ExprKind, Literal, Privacy, Query, Scalar, Type, codes};

impl<'t> Resolver<'t> {
    pub(super) fn query(&mut self, id: EntityId, view: ast::Query<'t>, seen: &mut Seen<'t>) {
        let Some(name) = view.name() else { return };
        if let Some(first) = seen.queries.insert(name.text, name.span) {
            let message = format!("there are two queries named `{}`", name.text);
            let found =
                Diagnostic::new(&codes::DUPLICATE_QUERY, name.span, message).also(first, "the first one");
            self.push(found.help("each becomes a function of its name: rename one"));
            return;
        }
        let mut scope = Scope::new(id, Place::Query);
        let select = self.selected(id, view);
        let condition = view
            .filter()
            .and_then(ast::Where::expr)
            .map(|expr| self.condition(&mut scope, expr));
        let order = view
            .order()
            .map(|order| self.sort_keys(id, order.sorts(), false))
            .unwrap_or_default();
        let mut query = Query {
            name: name_of(name),
            doc: doc_of(view.doc()),
            params: Vec::new(),
            select,
            condition,
            order,
            limit: None,
            limit_param: None,
            expect: None,
            span: view.span(),
        };
        self.limit(&mut query, &mut scope, view);
        if let Some(expect) = view.expect() {
            let within = expect
                .within()
                .and_then(ast::DurationExpr::value)
                .map(times::span_of);
            query.expect = expect.rate().and_then(ast::Rate::per_second).zip(within);
        }
        self.untyped_params(&scope);
        query.params = scope.params;
        self.change(id, |entity| entity.queries.push(query));
    }

    fn selected(&mut self, id: EntityId, view: ast::Query<'t>) -> Vec<crate::FieldId> {
        let Some(select) = view.select() else {
            return Vec::new();
        };
        let fields = self.field_list(id, select.names()).unwrap_or_default();
        for (field, name) in fields.iter().zip(select.names()) {
            if self
                .field(*field)
                .is_some_and(|field| field.privacy == Privacy::Secret)
            {
                self.secret_read(name.text, name.span);
            }
        }
        fields
    }

    fn limit(&mut self, query: &mut Query, scope: &mut Scope, view: ast::Query<'t>) {
        let Some(limit) = view.limit() else { return };
        match limit.value() {
            Some(LimitValue::Param(name)) => {
                let int = Type::Scalar(Scalar::Int);
                if let ExprKind::Param(id) = self.param(scope, name, Some(&int), false).kind {
                    query.limit_param = Some(id);
                }
            }
            Some(LimitValue::Number(number)) => {
                let rows = number
                    .as_integer()
                    .and_then(|n| i64::try_from(n).ok())
                    .filter(|n| *n > 0);
                match rows {
                    Some(rows) => query.limit = Some(Literal::Int(rows)),
                    None => {
                        let message =
                            format!("a query cannot answer `{}` rows", super::numbers::shown(number));
                        self.report(
                            &codes::BAD_LIMIT,
                            limit.span(),
                            message,
                            "write a whole number of at least one",
                        );
                    }
                }
            }
            None => {}
        }
    }
}
