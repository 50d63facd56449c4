//! Enums with arrows: only the declared first states, and only the declared moves.

use std::collections::{BTreeMap, VecDeque};

use evidence::Counterexample;
use model::{Enum, Type};

use super::probe::Outcome;
use super::{Answer, Trial};
use crate::data::{Datum, Speller, TablePlan, Values};
use crate::gate::Stop;

impl Trial<'_, '_, '_, '_> {
    /// Tries every pair of states of every enum with arrows that the model declares for this table.
    pub(super) fn moves(&mut self) -> Result<(), Stop> {
        let subject = self.bench.subject;
        let Some(entity) = subject.entity_of(&self.table.name) else {
            return Ok(());
        };
        for field in &entity.fields {
            let Type::Enum(id) = field.ty else { continue };
            let Some(kind) = subject
                .model
                .enumeration(id)
                .filter(|kind| !kind.moves.is_empty())
            else {
                continue;
            };
            let answer = self.first_states(&field.column, kind)?;
            self.answer(
                "first-states",
                &field.column,
                "a new row begins in a declared first state",
                answer,
            );
            let answer = self.all_moves(&field.column, kind)?;
            self.answer(
                "moves",
                &field.column,
                "a row moves along the declared arrows only",
                answer,
            );
        }
        Ok(())
    }

    fn first_states(&mut self, column: &str, kind: &Enum) -> Result<Answer, Stop> {
        let mut row = self.draft(&Values::new())?;
        for (index, member) in kind.members.iter().enumerate() {
            let legal = kind.initial.iter().any(|it| *it as usize == index);
            row.insert(column.to_owned(), Datum::Text(member.value.clone()));
            let insert = self.probe.speller.insert(self.table, &row);
            let outcome = self.probe.try_all(std::slice::from_ref(&insert))?;
            if let Some(example) = judge(
                legal,
                &outcome,
                &format!("a new row in `{}`", member.value),
                vec![insert],
            ) {
                return Ok(Answer::Broken(example));
            }
        }
        Ok(Answer::Holds)
    }

    fn all_moves(&mut self, column: &str, kind: &Enum) -> Result<Answer, Stop> {
        let row = self.draft(&Values::new())?;
        let ways = ways(kind);
        for (from, way) in &ways {
            for (to, _) in kind.members.iter().enumerate() {
                let legal = from == &to
                    || kind
                        .moves
                        .iter()
                        .any(|(a, b)| (*a as usize, *b as usize) == (*from, to));
                let mut states = way.clone();
                states.push(to);
                let Some(statements) = self.walk(column, kind, &row, &states) else {
                    continue;
                };
                let outcome = self.probe.try_all(&statements)?;
                let name = |index: usize| {
                    kind.members
                        .get(index)
                        .map(|it| it.value.as_str())
                        .unwrap_or_default()
                };
                let what = format!("the move from `{}` to `{}`", name(*from), name(to));
                if let Some(example) = judge(legal, &outcome, &what, statements) {
                    return Ok(Answer::Broken(example));
                }
            }
        }
        Ok(Answer::Holds)
    }

    /// Inserts a row in the first of the states, and moves it through the others.
    fn walk(&self, column: &str, kind: &Enum, row: &Values, states: &[usize]) -> Option<Vec<String>> {
        let speller: Speller = self.probe.speller;
        let key = self.plan().map(TablePlan::primary_key).unwrap_or_default();
        let (first, rest) = states.split_first()?;
        let value = |index: usize| kind.members.get(index).map(|it| Datum::Text(it.value.clone()));
        let mut row = row.clone();
        row.insert(column.to_owned(), value(*first)?);
        let condition = speller.condition(self.table, &row, key);
        let table = speller.name(&self.table.name);
        let mut statements = vec![speller.insert(self.table, &row)];
        for state in rest {
            let value = speller.value(&value(*state)?, &physical::SqlType::Text);
            statements.push(format!(
                "UPDATE {table} SET {} = {value} WHERE {condition}",
                speller.ident(column)
            ));
        }
        Some(statements)
    }
}

fn judge(legal: bool, outcome: &Outcome, what: &str, statements: Vec<String>) -> Option<Counterexample> {
    let (expected, observed) = match (legal, outcome) {
        (true, Outcome::Rejected(rejection)) => ("accepted", format!("refused: {}", rejection.message)),
        (false, Outcome::Accepted) => ("refused", "accepted".to_owned()),
        _ => return None,
    };
    let example = Counterexample::new(format!("{what} is {observed}"), expected, observed);
    Some(example.with_statements(statements).run_as("superuser"))
}

/// For each state that can be reached, the shortest way there from a first state.
fn ways(kind: &Enum) -> BTreeMap<usize, Vec<usize>> {
    let mut ways: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut queue: VecDeque<usize> = VecDeque::new();
    for first in kind.initial.iter().map(|it| *it as usize) {
        ways.insert(first, vec![first]);
        queue.push_back(first);
    }
    while let Some(state) = queue.pop_front() {
        let way = ways.get(&state).cloned().unwrap_or_default();
        for next in kind
            .moves
            .iter()
            .filter(|(from, _)| *from as usize == state)
            .map(|(_, to)| *to as usize)
        {
            if let std::collections::btree_map::Entry::Vacant(unknown) = ways.entry(next) {
                unknown.insert(way.iter().copied().chain([next]).collect());
                queue.push_back(next);
            }
        }
    }
    ways
}
