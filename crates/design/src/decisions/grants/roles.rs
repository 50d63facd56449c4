//! The roles themselves, and the schemas that they may enter.

use physical::{Grant, Grantee, Ident, Origin, Privilege, Role};

use super::KIND;
use crate::Decision;
use crate::draft::Draft;

/// Declares all roles. None can log in.
pub(super) fn declare(draft: &mut Draft<'_>) {
    let roles = draft.blueprint.roles.clone();
    let built_in = [
        (&roles.owner, "Owns every object; nobody ever becomes it"),
        (&roles.guard, "Owns the functions that work across contexts"),
        (&roles.mask, "Owns the masked views, under row-level security"),
        (&roles.migrator, "Runs migrations"),
        (&roles.app, "The application"),
        (&roles.reader, "Reads the masked views"),
        (&roles.auditor, "Reads the audit trail and the security events"),
        (&roles.sealer, "Seals the audit trail"),
        (&roles.eraser, "Erases people, and runs retention"),
        (&roles.backup, "Dumps everything"),
    ];
    for (name, purpose) in built_in {
        // Only a member of a role can give it an object, and the migrator makes all of them.
        let member_of = if *name == roles.migrator {
            vec![roles.owner.clone(), roles.guard.clone(), roles.mask.clone()]
        } else {
            Vec::new()
        };
        let origin = Origin::Decision(KIND.id, None);
        draft.decide(Decision::new(&KIND, name.to_string(), purpose).name(name));
        draft
            .blueprint
            .database
            .roles
            .push(role(name, member_of, purpose, origin));
    }
    for (name, declared) in roles.declared.iter().zip(&draft.model.roles) {
        let decision = Decision::new(&KIND, declared.name.text.clone(), format!("the role `{name}`"));
        draft.decide(
            decision
                .at(declared.name.span)
                .because(Some(&declared.because))
                .name(name),
        );
        let comment = declared.doc.as_deref().unwrap_or(&declared.because);
        draft.blueprint.database.roles.push(role(
            name,
            Vec::new(),
            comment,
            Origin::Span(declared.name.span),
        ));
    }
}

fn role(name: &Ident, member_of: Vec<Ident>, comment: &str, origin: Origin) -> Role {
    Role {
        name: name.clone(),
        login: false,
        superuser: false,
        bypass_rls: false,
        member_of,
        comment: Some(comment.to_owned()),
        origin,
    }
}

/// Who may enter which schema.
pub(super) fn schemas(draft: &mut Draft<'_>) {
    let blueprint = &mut draft.blueprint;
    let roles = blueprint.roles.clone();
    let app = [&roles.app, &roles.guard, &roles.mask, &roles.backup]
        .into_iter()
        .chain(&roles.declared);
    let private = [
        &roles.app,
        &roles.guard,
        &roles.mask,
        &roles.eraser,
        &roles.sealer,
        &roles.auditor,
        &roles.backup,
    ];
    let private = private.into_iter().chain(&roles.declared);
    let audit = [&roles.guard, &roles.auditor, &roles.sealer, &roles.backup];
    let masked = [&roles.reader];
    for (name, who) in [
        (&blueprint.schema, app.collect::<Vec<_>>()),
        (&blueprint.private_schema, private.collect()),
        (&blueprint.audit_schema, audit.into()),
        (&blueprint.masked_schema, masked.into()),
    ] {
        let Some(schema) = blueprint
            .database
            .schemas
            .iter_mut()
            .find(|schema| schema.name == *name)
        else {
            continue;
        };
        schema.owner = Some(roles.owner.clone());
        let usage = |role: &Ident| Grant {
            privilege: Privilege::Usage,
            columns: Vec::new(),
            grantee: Grantee::Role(role.clone()),
        };
        schema.grants = who.into_iter().map(usage).collect();
        if schema.name == blueprint.masked_schema {
            // A schema's objects can be given only to who may create in it.
            for privilege in [Privilege::Usage, Privilege::Create] {
                let grantee = Grantee::Role(roles.mask.clone());
                schema.grants.push(Grant {
                    privilege,
                    columns: Vec::new(),
                    grantee,
                });
            }
        }
        schema.grants.sort();
    }
}
