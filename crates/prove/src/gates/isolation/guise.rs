//! As whom a role may pretend to act.

use engine::Connection;
use physical::ContextMode;
use plan::ContextValues;

use crate::bench::Bench;
use crate::data::{Datum, Party};
use crate::gate::Stop;

/// A context, and whose rows belong to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guise {
    /// `an owner`, `nobody`, ….
    pub(crate) name: &'static str,
    /// Statements that enter it.
    pub(crate) enter: Vec<String>,
    /// The user whose rows are there; `None` for nobody.
    pub(crate) owner: Option<Datum>,
    /// The tenant whose rows are there.
    pub(crate) tenant: Option<Datum>,
    /// Public ids, for counterexamples.
    pub(crate) values: ContextValues,
    /// Whether the database may refuse to enter it.
    pub(crate) refusable: bool,
}

const UNKNOWN: &str = "5ca1ab1e-0000-4000-8000-00000000dead";

/// Everyone whom a role may pretend to act for. The first is the party itself, the second another owner; where there are
/// tenants the third is of another tenant.
pub(crate) fn all(
    bench: &Bench<'_>,
    superuser: &mut Connection,
    parties: &[Party],
) -> Result<Vec<Guise>, Stop> {
    let mut guises = Vec::new();
    let names = ["an owner", "another owner", "an owner of another tenant"];
    for (name, party) in names.into_iter().zip(parties) {
        guises.push(of_party(bench, superuser, name, party)?);
    }
    if let (Some(own), Some(foreign)) = (parties.first(), parties.get(2)) {
        let crossed = Party {
            owner: own.owner.clone(),
            tenant: foreign.tenant.clone(),
            tenant_public: foreign.tenant_public.clone(),
        };
        guises.push(of_party(
            bench,
            superuser,
            "an owner in the context of another tenant",
            &crossed,
        )?);
    }
    guises.push(Guise {
        name: "nobody",
        ..Guise::default()
    });
    let unknown = ContextValues {
        actor: Some(UNKNOWN.to_owned()),
        tenant: bench
            .subject
            .blueprint
            .tenant
            .as_ref()
            .map(|_| UNKNOWN.to_owned()),
        signature: None,
    };
    guises.push(entering(bench, superuser, "someone unknown", unknown)?);
    guises.push(Guise {
        name: "someone whose settings were reset",
        enter: vec![
            "SELECT set_config('app.actor', '', true), set_config('app.tenant', '', true)".to_owned(),
        ],
        ..Guise::default()
    });
    guises.push(Guise {
        name: "someone with a garbled context",
        enter: vec![
            "SELECT set_config('app.actor', 'x'' OR true --', true), set_config('app.tenant', '0', true)"
                .to_owned(),
        ],
        refusable: true,
        ..Guise::default()
    });
    if bench.subject.blueprint.context == ContextMode::Signed {
        guises.extend(unsigned(bench, guises.first()));
    }
    Ok(guises)
}

fn of_party(
    bench: &Bench<'_>,
    superuser: &mut Connection,
    name: &'static str,
    party: &Party,
) -> Result<Guise, Stop> {
    let values = bench.context_of(superuser, party)?;
    let enter = (bench.subject.dialect.enter)(&bench.subject.blueprint, &values);
    Ok(Guise {
        name,
        enter,
        owner: party.owner.clone(),
        tenant: party.tenant.clone(),
        values,
        refusable: false,
    })
}

fn entering(
    bench: &Bench<'_>,
    superuser: &mut Connection,
    name: &'static str,
    values: ContextValues,
) -> Result<Guise, Stop> {
    let values = bench.sign(superuser, values)?;
    let enter = (bench.subject.dialect.enter)(&bench.subject.blueprint, &values);
    Ok(Guise {
        name,
        enter,
        values,
        refusable: true,
        ..Guise::default()
    })
}

/// With a signed context: settings that nobody signed, and a signature of somebody else.
fn unsigned(bench: &Bench<'_>, own: Option<&Guise>) -> Vec<Guise> {
    let Some(own) = own else { return Vec::new() };
    let id = |value: &Option<String>| value.clone().unwrap_or_default();
    let plain = format!(
        "SELECT set_config('app.actor', '{}', true), set_config('app.tenant', '{}', true)",
        id(&own.values.actor),
        id(&own.values.tenant)
    );
    let mut forged = own.values.clone();
    forged.signature = forged.signature.map(|(expires, mac)| (expires + 1, mac));
    vec![
        Guise {
            name: "someone with unsigned settings",
            enter: vec![plain],
            ..Guise::default()
        },
        Guise {
            name: "someone with a forged signature",
            enter: (bench.subject.dialect.enter)(&bench.subject.blueprint, &forged),
            refusable: true,
            ..Guise::default()
        },
    ]
}
