//! Functions of the database that the application calls: before anyone is known, and to keep the law.

use std::collections::{BTreeMap, BTreeSet};

use model::{Privacy, Scalar, Type};
use physical::{Ident, Name, Placed, Service};

use super::finders::{HowNamed, how_named};
use super::imports::Imports;
use super::py::{Py, block, docstring, statement, string};
use super::types::{Stored, physical_type, stored};
use super::units::{Unit, Units};
use super::{GENERATED, Input};

/// The module; `None` when the schema offers nothing of the kind.
pub(super) fn module(input: &Input<'_>, units: &Units<'_>) -> Option<String> {
    // Of two scripts with one name, the first counts.
    let scripts = input.scripts.iter().rev();
    let mut services = Services {
        input,
        units,
        scripts: scripts
            .map(|(name, script)| (name.as_str(), script.as_str()))
            .collect(),
        imports: Imports::default(),
        answers: String::new(),
        functions: String::new(),
        statements: String::new(),
        known: BTreeSet::new(),
    };
    for placed in &input.blueprint.services {
        if let Some(unit) = units.table(&placed.table) {
            services.one(placed, unit);
        }
    }
    if services.functions.is_empty() {
        return None;
    }
    services.imports.own("..core.session", "Service");
    if !services.statements.is_empty() {
        services.imports.standard("typing", "Final");
    }
    let about = "What the database does for callers who are not known yet, and for those who keep the law: \
                 `session.call(...)`.";
    let mut text = docstring(0, &format!("{about}\n\n{GENERATED}"));
    text.push_str("\nfrom __future__ import annotations\n\n");
    text.push_str(services.imports.render(&input.place).trim_end());
    text.push('\n');
    text.push_str(&services.answers);
    text.push_str(&services.functions);
    if !services.statements.is_empty() {
        text.push_str("\n\n");
        text.push_str(&services.statements);
    }
    Some(text)
}

struct Services<'s, 'a> {
    input: &'s Input<'a>,
    units: &'s Units<'a>,
    scripts: BTreeMap<&'s str, &'s str>,
    imports: Imports,
    answers: String,
    functions: String,
    statements: String,
    /// Answers that are defined already.
    known: BTreeSet<String>,
}

/// A function as it is written.
struct Call<'c> {
    name: &'c str,
    doc: String,
    signature: Vec<Py>,
    returns: String,
    answer: String,
    /// Pairs of a parameter and what is given for it.
    parameters: Vec<(String, String)>,
    /// Types of parameters that are no texts.
    types: Vec<(String, String)>,
}

impl Services<'_, '_> {
    fn one(&mut self, placed: &Placed<Service>, unit: &Unit<'_>) {
        let table = unit.table.name.name.as_str();
        let call = match &placed.what {
            Service::LookUp {
                name,
                by,
                returns,
                deleted_at,
            } => self.look_up(unit, (name, by), returns, deleted_at.is_some()),
            Service::RedeemToken {
                name,
                owner,
                returns,
                token,
                ..
            } => Some(self.redeem(unit, (name, token), owner.as_ref().map(|(_, of)| of), returns)),
            Service::SignUp { name, columns } => self.sign_up(unit, name, columns),
            Service::Erase { name, .. } => {
                self.imports.standard("uuid", "UUID");
                Some(Call {
                    name: name.as_str(),
                    doc: "Erases a person, and what speaks of them. For members of the eraser.".to_owned(),
                    signature: vec![Py::atom("public_id: UUID")],
                    returns: "bool".to_owned(),
                    answer: "bool".to_owned(),
                    parameters: vec![("public_id".to_owned(), "public_id".to_owned())],
                    types: Vec::new(),
                })
            }
            Service::Anonymise { name, .. } => Some(counted(
                name,
                format!("Empties rows of {table} of the person when their time is over; answers how many."),
            )),
            Service::Purge { name, .. } => Some(counted(
                name,
                format!("Removes rows of {table} whose time is over; answers how many."),
            )),
            _ => None,
        };
        if let Some(call) = call {
            self.write(&call, unit);
        }
    }

    /// Whether rows of a table are people who have actors.
    fn has_actors(&self, table: &Name) -> bool {
        let actors = self.input.blueprint.actors.as_ref();
        actors
            .and_then(|actors| actors.user.as_ref())
            .is_some_and(|user| user == table)
    }

    fn look_up<'c>(
        &mut self,
        unit: &Unit<'_>,
        (name, by): (&'c Ident, &Ident),
        returns: &[Ident],
        living: bool,
    ) -> Option<Call<'c>> {
        let table = unit.table.name.name.as_str();
        let mut fields = self.returned(unit, returns);
        let actor = self.has_actors(&unit.info.name);
        if actor {
            fields.push(self.actor());
        }
        let doc = if actor {
            "Who was found, before anyone is known: verify the password, then act as the actor."
        } else {
            "Which row was found, before anyone is known."
        };
        let answer = self.answer("Found", unit, doc, &fields);
        let (_, ty, value) = self.given(unit, by, None)?;
        let parameter = unit.attribute(by.as_str());
        let word = if living { "living row" } else { "row" };
        Some(Call {
            name: name.as_str(),
            doc: format!("Finds the {word} of {table} by {parameter}, before anyone is known."),
            signature: vec![Py::Atom(format!("{parameter}: {ty}"))],
            returns: format!("{answer} | None"),
            answer,
            parameters: vec![(by.to_string(), value)],
            types: self.kind(unit, by).into_iter().collect(),
        })
    }

    fn redeem<'c>(
        &mut self,
        unit: &Unit<'_>,
        (name, token): (&'c Ident, &Ident),
        owner: Option<&Name>,
        returns: &[Ident],
    ) -> Call<'c> {
        let owned = owner.is_some();
        let mut fields = Vec::new();
        if owned {
            self.imports.standard("uuid", "UUID");
            fields.push(("owner".to_owned(), "UUID".to_owned()));
        }
        if owner.is_some_and(|of| self.has_actors(of)) {
            fields.push(self.actor());
        }
        fields.extend(self.returned(unit, returns));
        if fields.is_empty() {
            fields.push(("redeemed".to_owned(), "int".to_owned()));
        }
        let doc = if owned {
            "Whose token it was, which row held it, and the actor to act as."
        } else {
            "Which row held the token."
        };
        let answer = self.answer("Redeemed", unit, doc, &fields);
        self.imports.own("..core.crypto", "Token");
        Call {
            name: name.as_str(),
            doc: if owned {
                "Takes a token: once, in time, and for a living owner.".to_owned()
            } else {
                "Takes a token: once, and in time.".to_owned()
            },
            signature: vec![Py::atom("token: str")],
            returns: format!("{answer} | None"),
            answer,
            parameters: vec![(token.to_string(), "Token.hash(token)".to_owned())],
            types: Vec::new(),
        }
    }

    fn sign_up<'c>(&mut self, unit: &Unit<'_>, name: &'c Ident, columns: &[Ident]) -> Option<Call<'c>> {
        let mut parameters = Vec::new();
        let mut types = Vec::new();
        let mut signature = Vec::new();
        for column in columns {
            let (outside, ty, value) = self.given(unit, column, Some("data"))?;
            if !outside {
                signature.push(Py::Atom(format!("{}: {ty}", unit.attribute(column.as_str()))));
            }
            parameters.push((column.to_string(), value));
            types.extend(self.kind(unit, column));
        }
        if !signature.is_empty() {
            signature.insert(0, Py::atom("*"));
        }
        let create = format!("{}Create", unit.class);
        self.imports.own(&format!("..schemas.{}", unit.module), &create);
        let data = if columns.is_empty() { "_data" } else { "data" };
        signature.insert(0, Py::Atom(format!("{data}: {create}")));
        self.imports.standard("uuid", "UUID");
        let is_actor = self.has_actors(&unit.info.name);
        let mut fields = vec![("public_id".to_owned(), "UUID".to_owned())];
        if is_actor {
            fields.push(self.actor());
        }
        let doc = if is_actor {
            "Who has signed up: the row, and the actor to act as."
        } else {
            "The row that was made."
        };
        let answer = self.answer("New", unit, doc, &fields);
        let table = unit.table.name.name.as_str();
        Some(Call {
            name: name.as_str(),
            doc: format!("Makes a row of {table} before anyone is logged in."),
            signature,
            returns: answer.clone(),
            answer,
            parameters,
            types,
        })
    }

    /// The actor in an answer.
    fn actor(&mut self) -> (String, String) {
        self.imports.standard("uuid", "UUID");
        ("actor".to_owned(), "UUID".to_owned())
    }

    /// The answer's columns.
    fn returned(&mut self, unit: &Unit<'_>, returns: &[Ident]) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        for column in returns {
            let Some(physical) = unit.table.column(column.as_str()) else {
                continue;
            };
            let is_key = unit.key().is_some_and(|key| key.name == *column);
            let name = if is_key {
                "public_id".to_owned()
            } else {
                unit.attribute(column.as_str())
            };
            let ty = match unit.field(column.as_str()) {
                Some((_, field)) if field.origin == model::FieldOrigin::Written => {
                    stored(self.units, field, physical, &mut self.imports).annotation
                }
                _ => physical_type(&physical.ty, &mut self.imports).annotation,
            };
            let optional = if physical.nullable { " | None" } else { "" };
            fields.push((name, format!("{ty}{optional}")));
        }
        fields
    }

    /// The class of an answer, defined once.
    fn answer(&mut self, word: &str, unit: &Unit<'_>, doc: &str, fields: &[(String, String)]) -> String {
        let class = format!("{word}{}", unit.class);
        if !self.known.insert(class.clone()) {
            return class;
        }
        self.imports.standard("typing", "NamedTuple");
        self.answers
            .push_str(&format!("\n\nclass {class}(NamedTuple):\n"));
        self.answers.push_str(&docstring(4, doc));
        self.answers.push('\n');
        for (name, ty) in fields {
            self.answers.push_str(&format!("    {name}: {ty}\n"));
        }
        class
    }

    /// What is given for a column: whether the schema has it, its type, and the value.
    fn given(
        &mut self,
        unit: &Unit<'_>,
        column: &Ident,
        data: Option<&str>,
    ) -> Option<(bool, String, String)> {
        let physical = unit.table.column(column.as_str())?;
        let attribute = unit.attribute(column.as_str());
        let Some((id, field)) = unit.field(column.as_str()) else {
            // A blind index, made by `Session.blind`.
            let ty = physical_type(&physical.ty, &mut self.imports).annotation;
            let optional = if physical.nullable { " | None" } else { "" };
            return Some((false, format!("{ty}{optional}"), attribute));
        };
        if let Type::Reference(target) = field.ty {
            let by_key = self
                .units
                .entity(target)
                .is_some_and(|other| matches!(how_named(other), HowNamed::ByKey));
            let value = data.filter(|_| by_key).map(|data| format!("{data}.{attribute}"));
            return match value {
                Some(value) => Some((true, String::new(), value)),
                // Internal keys are nobody's to give.
                None => field.optional.then(|| (true, String::new(), "None".to_owned())),
            };
        }
        let name = unit.outside(id.index)?;
        let mut value = data.map_or_else(|| name.clone(), |data| format!("{data}.{name}"));
        let is_text = matches!(
            field.ty,
            Type::Scalar(
                Scalar::String(_)
                    | Scalar::Text
                    | Scalar::Email
                    | Scalar::PasswordHash
                    | Scalar::Url
                    | Scalar::Phone
            )
        );
        if data.is_some() && field.privacy == Privacy::Secret && is_text {
            value = if field.optional {
                format!("{value} and {value}.get_secret_value()")
            } else {
                format!("{value}.get_secret_value()")
            };
        } else if data.is_none() && field.ty == Type::Scalar(Scalar::Email) {
            self.imports.own("..core.types", "normal_email");
            value = format!("normal_email({value})");
        }
        let ty = if data.is_some() {
            String::new()
        } else {
            super::types::value(self.units, &field.ty, &mut self.imports, ".")
        };
        Some((true, ty, value))
    }

    /// The type of a parameter that is no text.
    fn kind(&mut self, unit: &Unit<'_>, column: &Ident) -> Option<(String, String)> {
        let physical = unit.table.column(column.as_str())?;
        let mut imports = self.imports.clone();
        let Stored {
            annotation,
            column: ty,
        } = match unit.field(column.as_str()) {
            Some((_, field)) if !matches!(field.ty, Type::Reference(_)) => {
                stored(self.units, field, physical, &mut imports)
            }
            _ => physical_type(&physical.ty, &mut imports),
        };
        let (module, text) = match (ty, annotation.as_str()) {
            (Some(ty), _) if ty.starts_with("EmailAddress") => return None,
            (Some(ty), _) => {
                let name: String = ty.chars().take_while(char::is_ascii_alphanumeric).collect();
                (name, ty)
            }
            (None, "str") => return None,
            (None, "bytes") => ("sa".to_owned(), "sa.LargeBinary()".to_owned()),
            (None, "Money") => ("Exact".to_owned(), "Exact(18, 4)".to_owned()),
            (None, "UUID") => ("Guid".to_owned(), "Guid()".to_owned()),
            (None, "dt.datetime") => ("Instant".to_owned(), "Instant()".to_owned()),
            (None, "Key") => ("BigInt".to_owned(), "BigInt".to_owned()),
            _ => ("sa".to_owned(), "sa.Integer()".to_owned()),
        };
        if module == "sa" {
            self.imports.sqlalchemy();
        } else {
            self.imports.own("..core.types", &module);
        }
        if text.starts_with("Choice(") || text.starts_with("ListOf(") {
            self.imports = imports;
            self.imports.own("..core.types", &module);
        }
        Some((column.to_string(), text))
    }

    fn write(&mut self, call: &Call<'_>, unit: &Unit<'_>) {
        let returns = format!(" -> Service[{}]:", call.returns);
        self.functions.push_str("\n\n");
        let signature = Py::call(format!("def {}", call.name), call.signature.clone());
        self.functions.push_str(&statement(0, "", &signature, &returns));
        self.functions.push_str(&docstring(4, &call.doc));
        let pairs = |pairs: &[(String, String)]| {
            let items = pairs
                .iter()
                .map(|(name, value)| Py::Atom(format!("{}: {value}", string(name))));
            Py::Listed("{", items.collect(), "}")
        };
        let mut arguments = vec![
            Py::Atom(string(call.name)),
            Py::Atom(call.answer.clone()),
            pairs(&call.parameters),
        ];
        let (constant, counts) = self.constant(call.name, unit);
        arguments.extend(constant.map(Py::Atom));
        if !call.types.is_empty() {
            arguments.push(Py::named("types", pairs(&call.types)));
        }
        if let Some(counts) = counts.filter(|_| call.answer == "int") {
            arguments.push(Py::Atom(format!("counts={counts}")));
        }
        self.functions
            .push_str(&statement(4, "return ", &Py::call("Service", arguments), ""));
    }

    /// The statements that stand in for the function, and which of them counts.
    fn constant(&mut self, name: &str, unit: &Unit<'_>) -> (Option<String>, Option<usize>) {
        let Some(script) = self.scripts.get(name).copied() else {
            return (None, None);
        };
        let statements = statements(script);
        let own = unit.table.name.name.as_str();
        let counts = statements.iter().position(|each| {
            let first = each.lines().next().unwrap_or_default();
            let table = ["UPDATE ", "DELETE FROM "]
                .iter()
                .find_map(|word| first.strip_prefix(word));
            table.is_some_and(|table| table.trim_matches('"') == own)
        });
        let constant = format!("_{}", super::names::identifier(name).to_ascii_uppercase());
        self.statements.push_str(&format!("{constant}: Final = (\n"));
        for statement in &statements {
            self.statements.push_str(&format!("    {},\n", block(statement)));
        }
        self.statements.push_str(")\n");
        (Some(constant), counts.filter(|at| *at + 1 != statements.len()))
    }
}

fn counted(name: &Ident, doc: String) -> Call<'_> {
    Call {
        name: name.as_str(),
        doc: format!("{doc} Run it until it answers 0."),
        signature: Vec::new(),
        returns: "int".to_owned(),
        answer: "int".to_owned(),
        parameters: Vec::new(),
        types: Vec::new(),
    }
}

/// The statements of a script, without its comments.
fn statements(script: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut current = String::new();
    for line in script.lines().filter(|line| !line.starts_with("--")) {
        if !current.is_empty() {
            current.push('\n');
        }
        match line.strip_suffix(';') {
            Some(last) => {
                current.push_str(last);
                all.push(std::mem::take(&mut current));
            }
            None => current.push_str(line),
        }
    }
    if !current.trim().is_empty() {
        all.push(current);
    }
    all
}
