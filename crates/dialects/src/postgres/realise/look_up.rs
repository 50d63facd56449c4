//! Finding one row before anyone is known: by email at login, by slug of a tenant.

use physical::{Behaviour, Ident, Privilege, Volatility};

use super::Place;
use super::emit::{id, qualified};
use super::normalise::normal;
use super::realiser::{Draft, Realiser, RunsAs};

/// Answers the asked columns of the one living row with this value.
pub(super) fn realise(
    r: &mut Realiser<'_>,
    at: Place<'_>,
    (name, by): (&Ident, &Ident),
    returns: &[Ident],
    deleted_at: Option<&Ident>,
) {
    let form = r
        .blueprint
        .behaviours
        .iter()
        .find_map(|placed| match &placed.what {
            Behaviour::Normalise { column, form } if placed.table == *at.table && column == by => Some(*form),
            _ => None,
        });
    // By its number: a column could have any name.
    let wanted = form.map_or_else(|| "$1".to_owned(), |form| normal("$1", form));
    let living = deleted_at.map_or_else(String::new, |column| format!(" AND t.{} IS NULL", id(column)));
    let mut selected: Vec<String> = returns.iter().map(|column| format!("t.{}", id(column))).collect();
    let mut typed: Vec<String> = returns
        .iter()
        .map(|column| format!("{} {}", id(column), r.type_of(at.table, column)))
        .collect();
    let mut from = format!("{} AS t", qualified(at.table));
    // Whoever logs in then acts by their pseudonym.
    if let Some(actors) = r.actors_of(at.table) {
        let (key, _) = r.keys_of(at.table);
        selected.push("a.public_id".to_owned());
        typed.push("actor uuid".to_owned());
        from.push_str(&format!(
            "\n    LEFT JOIN {} AS a ON a.user_id = t.{key}",
            qualified(&actors)
        ));
        r.guard(&actors, Privilege::Select, &[]);
    }
    let body = format!(
        "\n#variable_conflict use_column\nBEGIN\n    RETURN QUERY\n    SELECT {}\n    FROM {from}\n    WHERE t.{} = {wanted}{living};\nEND\n",
        selected.join(", "),
        id(by),
    );
    let ty = r.type_of(at.table, by);
    r.guard(at.table, Privilege::Select, &[]);
    let draft = Draft {
        name: r.private(name.as_str()),
        arguments: vec![("wanted", ty)],
        returns: format!("TABLE({})", typed.join(", ")),
        language: "plpgsql",
        volatility: Volatility::Stable,
        runs_as: RunsAs::Guard,
        body,
        execute: r.applications(),
        comment: format!(
            "Finds the living row of {} by {by}, before anyone is known.",
            qualified(at.table)
        ),
        origin: at.origin,
    };
    r.add_function(draft);
}
