//! Virtual tables that become others of their name: what can be read of their rows comes along.

use physical::Opaque;
use plan::{Hazard, Section, Step, Undo};

use super::super::catalog::lexer::{Token, TokenKind, tokens};
use super::super::ident::{quote, table as table_name};
use super::step;

/// The step that makes the second of the first; `None` when they are no virtual tables.
pub(super) fn replace(from: &Opaque, to: &Opaque) -> Option<Step> {
    let (was, is) = (Virtual::read(from)?, Virtual::read(to)?);
    let (forth, keeps) = words((from, &was), (to, &is));
    let (back, _) = words((to, &is), (from, &was));
    let mut made = step(
        format!("virtual table {} changes", to.name),
        Section::Raw,
        forth,
        Undo::Sql(back),
        to.origin,
    );
    made.told = Vec::new();
    made.hazards = vec![
        Hazard::Rewrite(format!("`{}` is written anew", to.name)),
        Hazard::Blocks("nobody else writes to the file meanwhile".to_owned()),
    ];
    if !keeps {
        let rows = format!("the rows of `{}`, which cannot be read out of it", to.name);
        made.hazards.insert(0, Hazard::DataLoss(rows));
    }
    Some(made)
}

/// What a virtual table says of itself, as far as its module is one that SQLite brings along.
struct Virtual {
    module: String,
    columns: Vec<String>,
    /// The table that holds what it indexes; empty where nothing does.
    content: Option<String>,
}

impl Virtual {
    fn read(opaque: &Opaque) -> Option<Self> {
        if opaque.kind != "virtual table" {
            return None;
        }
        let said = tokens(&opaque.definition).into_iter();
        let mut said = said
            .filter(|token| token.kind != TokenKind::Comment)
            .skip_while(|token| !token.is("USING"))
            .skip(1);
        let mut made = Self {
            module: said.next()?.name()?.to_ascii_lowercase(),
            columns: Vec::new(),
            content: None,
        };
        let inside: Vec<Token<'_>> = said.skip(1).collect();
        for argument in inside.split(|token| token.is(",")) {
            made.argument(argument);
        }
        Some(made)
    }

    fn argument(&mut self, argument: &[Token<'_>]) {
        let mut said = argument.iter();
        let Some(name) = said.find_map(Token::name) else {
            return;
        };
        if said.next().is_some_and(|token| token.is("=")) {
            if name.eq_ignore_ascii_case("content") {
                self.content = Some(said.next().and_then(Token::name).unwrap_or_default());
            }
        } else if !name.eq_ignore_ascii_case("tokenize") {
            self.columns.push(name);
        }
    }

    fn is_text(&self) -> bool {
        ["fts3", "fts4", "fts5"].contains(&self.module.as_str())
    }

    /// Whether its rows can be read out of it.
    fn is_readable(&self) -> bool {
        let known = self.is_text() || self.module.starts_with("rtree");
        known && self.content.as_deref() != Some("")
    }

    fn is_filled_from_outside(&self) -> bool {
        self.is_text() && self.content.as_ref().is_some_and(|table| !table.is_empty())
    }
}

/// Statements, and whether the rows come along.
fn words((from, was): (&Opaque, &Virtual), (to, is): (&Opaque, &Virtual)) -> (Vec<String>, bool) {
    let name = table_name(&to.name);
    let drop = format!("DROP TABLE {}", table_name(&from.name));
    let create = to.definition.trim().trim_end_matches(';').to_owned();
    if is.is_filled_from_outside() {
        let fill = format!("INSERT INTO {name} ({name}) VALUES ('rebuild')");
        return (vec![drop, create, fill], true);
    }
    let stays = |column: &&String| {
        let mut others = is.columns.iter();
        others.any(|other| other.eq_ignore_ascii_case(column))
    };
    let mut columns: Vec<String> = was.columns.iter().filter(stays).map(|name| quote(name)).collect();
    if columns.is_empty() || !was.is_readable() || was.is_text() != is.is_text() {
        return (vec![drop, create], false);
    }
    if is.is_text() {
        columns.insert(0, "rowid".to_owned());
    }
    let kept: Vec<String> = (0..columns.len())
        .map(|position| format!("c{position}"))
        .collect();
    let named = columns
        .iter()
        .zip(&kept)
        .map(|(column, kept)| format!("{column} AS {kept}"));
    let named: Vec<String> = named.collect();
    let rows = quote(&format!("architrave_rows_{}", to.name.name));
    let statements = vec![
        format!(
            "CREATE TEMP TABLE {rows} AS\nSELECT {} FROM {}",
            named.join(", "),
            table_name(&from.name)
        ),
        drop,
        create,
        format!(
            "INSERT INTO {name} ({})\nSELECT {} FROM temp.{rows}",
            columns.join(", "),
            kept.join(", ")
        ),
        format!("DROP TABLE temp.{rows}"),
    ];
    (statements, true)
}
