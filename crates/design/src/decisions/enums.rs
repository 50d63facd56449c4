//! Decision: how enums are stored.

use model::{Enum, StatusStorage};
use physical::{NamedType, NamedTypeKind, Origin};

use crate::decisions::Kind;
use crate::draft::Draft;
use crate::facts::native_type;
use crate::names::Space;
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "enums",
    title: "how enums are stored",
    reason: "text and a CHECK: a value of a native enum can never be removed again, and adding one cannot be undone",
    alternatives: &[
        Alternative {
            option: "text and a CHECK",
            how: "`enums check` in the policy (the default)",
        },
        Alternative {
            option: "the database's own enum type",
            how: "`enums native` in the policy, or `@native` on the enum",
        },
    ],
    attacker: None,
    apply,
};

/// Whether an enum is a type of the database.
pub(super) fn is_native(draft: &Draft<'_>, of: &Enum) -> bool {
    of.native || draft.model.policy.enums.value == StatusStorage::Native
}

fn apply(draft: &mut Draft<'_>) {
    for of in &draft.model.enums {
        let values: Vec<String> = of.members.iter().map(|member| member.value.clone()).collect();
        let mut decision = Decision::new(
            &KIND,
            &of.name.text,
            format!("text, one of: {}", values.join(", ")),
        );
        if is_native(draft, of) {
            // The name is reserved, not chosen, here: columns that have the type were told it before.
            let name = native_type(draft.model, of);
            draft.names.take(Space::App, name.name.as_str());
            decision = Decision::new(&KIND, &of.name.text, format!("the native type `{name}`"))
                .name(&name.name)
                .name(&name);
            let bare = draft.is_bare();
            let database = if bare {
                &mut draft.blueprint.found
            } else {
                &mut draft.blueprint.database
            };
            database.types.push(NamedType {
                name,
                owner: (!bare).then(|| draft.blueprint.roles.owner.clone()),
                kind: NamedTypeKind::Enum(values),
                comment: of.doc.clone(),
                origin: Origin::Span(of.name.span),
            });
        }
        draft.decide(decision.opted(&draft.model.policy.enums));
    }
}
