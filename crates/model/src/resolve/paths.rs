//! Paths: fields, fields of other entities, and members of enums (M1).

use diagnostics::Diagnostic;
use syntax::ast;

use super::exprs::{Place, Scope};
use super::numbers::unknown;
use super::{Named, Resolver, describe};
use crate::{EntityId, Expr, ExprKind, FieldId, Path, Privacy, Scalar, Type, codes};

impl<'t> Resolver<'t> {
    pub(super) fn path(&mut self, scope: &mut Scope, view: ast::Path<'t>, expected: Option<&Type>) -> Expr {
        let span = view.span();
        let names: Vec<ast::Name<'t>> = view.names().collect();
        if let [first, second] = names.as_slice()
            && let Some((Named::Enum(id), _)) = self.items.get(first.text)
        {
            return self.member(*id, second.text, second.span);
        }
        if let ([only], Some(Type::Enum(id))) = (names.as_slice(), expected) {
            let is_field = self.field_named(scope.entity, only.text).is_some();
            let is_member = self
                .members
                .get(id.0 as usize)
                .is_some_and(|members| members.contains_key(only.text));
            if is_field && is_member {
                let name = self
                    .model
                    .enumeration(*id)
                    .map(|it| it.name.text.clone())
                    .unwrap_or_default();
                let message = format!("`{}` is a field, and a member of `{name}`", only.text);
                let found = Diagnostic::new(&codes::AMBIGUOUS_MEMBER, span, message);
                self.push(found.help(format!(
                    "write `{name}.{}` for the member, or rename the field",
                    only.text
                )));
                return unknown(span);
            }
            if !is_field {
                return self.member(*id, only.text, only.span);
            }
        }
        let Some((path, ty)) = self.field_path(scope.entity, &names) else {
            return unknown(span);
        };
        self.check_path(scope, path, ty, span)
    }

    fn check_path(&mut self, scope: &Scope, path: Path, ty: Type, span: diagnostics::Span) -> Expr {
        if path.steps.len() > 1 && scope.place != Place::Query {
            let help =
                "a rule of a row can read that row alone: what other rows hold may change behind its back";
            self.report(
                &codes::FOREIGN_FIELD,
                span,
                "this reads a field of another row",
                help,
            );
            return unknown(span);
        }
        let last = path.steps.last().and_then(|id| self.field(*id)).map(|field| {
            let secret = field.privacy == Privacy::Secret && field.ty != Type::Scalar(Scalar::Token);
            (field.name.text.clone(), secret, field.computed.is_some())
        });
        let Some((name, secret, _)) = last else {
            return unknown(span);
        };
        if let Type::Related(target) = ty {
            let other = self.entity_name(target);
            let message = format!("`{name}` stands for many rows, not for a value");
            self.report(
                &codes::RELATION_AS_VALUE,
                span,
                message,
                &format!("declare the query in `{other}`, where the other side is a field"),
            );
            return unknown(span);
        }
        if secret && scope.place == Place::Query && !scope.null_test {
            self.secret_read(&name, span);
            return unknown(span);
        }
        Expr {
            kind: ExprKind::Path(path),
            ty,
            span,
        }
    }

    pub(super) fn secret_read(&mut self, name: &str, span: diagnostics::Span) {
        let message = format!("`{name}` is a secret: no query reads it or searches by it");
        let help = "find the row by something else, and verify the secret in the application; a `Token` can be looked up by `=`";
        self.report(&codes::SECRET_READ, span, message, help);
    }

    /// The fields along a path, and the type of the last one.
    pub(super) fn field_path(&mut self, from: EntityId, names: &[ast::Name<'t>]) -> Option<(Path, Type)> {
        let mut at = from;
        let mut steps: Vec<FieldId> = Vec::new();
        let mut ty = Type::Unknown;
        for (index, name) in names.iter().enumerate() {
            let id = self.expect_field(at, *name)?;
            steps.push(id);
            ty = self.field(id)?.ty.clone();
            let Some(next) = names.get(index + 1) else { break };
            match ty {
                Type::Reference(to) => at = to,
                Type::Unknown => return None,
                _ => {
                    let shown = describe::type_name(&self.model, &ty);
                    let message = format!(
                        "`{}` is of type `{shown}` and refers to no row, so it has no `{}`",
                        name.text, next.text
                    );
                    self.report(
                        &codes::PATH_DEAD_END,
                        next.span,
                        message,
                        "only references to one row can be followed with a dot",
                    );
                    return None;
                }
            }
        }
        if ty == Type::Unknown {
            return None;
        }
        Some((Path { steps }, ty))
    }
}
