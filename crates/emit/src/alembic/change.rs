//! A revision that changes a schema: the statements of its migration in SQL, each as it stands.

use plan::Relational;

use super::Flavour;
use super::revision::{INDENT, Uses, Way, branches, head};
use super::text::run;
use crate::Placement;
use crate::sqlalchemy::py::{Py, comment, docstring, statement, string};

/// A revision that follows another.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// What it is called, for people: `add_orders`.
    pub name: &'a str,
    /// Its identifier.
    pub id: &'a str,
    /// The identifier of the revision that it follows.
    pub after: &'a str,
    /// Where the support package is imported from.
    pub place: Placement<'a>,
    /// What it does, for each database of the project.
    pub branches: &'a [Branch],
}

/// What a revision does in one database product.
#[derive(Debug, Clone)]
pub struct Branch {
    /// The product.
    pub dialect: &'static Relational,
    /// The way there; empty when nothing changes in this product.
    pub up: Vec<Said>,
    /// The way back, or why there is none: a line each.
    pub down: Result<Vec<Said>, Vec<String>>,
    /// A file with what an administrator runs before, relative to the folder of the revision.
    pub before: Option<String>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What is said about it, a line each.
    pub comments: Vec<String>,
    /// As it stands, without the final semicolon.
    pub sql: String,
    /// How it is run.
    pub how: How,
}

/// How a statement is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// In the transaction of the revision.
    Together,
    /// By itself.
    Alone,
    /// So many rows at a time.
    Batches {
        /// The table, as SQL has it.
        table: String,
        /// The columns of its key, as SQL has them.
        key: Vec<String>,
        /// Where in the statement its condition begins, which goes on to the end.
        condition: usize,
    },
}

/// The text of a revision.
#[must_use]
pub fn change(input: &Change<'_>) -> String {
    let mut uses = Uses::default();
    let mut functions = String::new();
    let ways = [Way::Up, Way::Down];
    if let [only] = input.branches {
        for way in ways {
            functions.push_str(&only.function(way, way.name(), &mut uses));
        }
    } else {
        let names: Vec<&str> = input.branches.iter().map(Branch::name).collect();
        uses.op = !names.is_empty();
        for way in ways {
            functions.push_str(&branches(&names, way));
        }
        for branch in input.branches {
            for way in ways {
                let name = format!("_{}_{}", way.name(), branch.name());
                functions.push_str(&branch.function(way, &name, &mut uses));
            }
        }
    }
    let before = input.branches.iter().filter_map(|branch| {
        let file = branch.before.as_ref()?;
        let product = branch.dialect.title;
        Some(format!(
            "\n\nBefore it, an administrator of {product} runs `{file}`."
        ))
    });
    let before: String = before.collect();
    let about = format!("{}.\n\n{ABOUT}{before}", title(input.name));
    let mut text = head(&about, (input.id, Some(input.after)), &uses, &input.place);
    text.push_str(&functions);
    text
}

const ABOUT: &str = "Made by `architrave migrate new`, once. The same stands below `../sql`, from which the next revision is made: change both or \
                     neither,\nand nothing that has run somewhere.";

/// A name as a sentence begins.
fn title(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

impl Branch {
    /// SQLAlchemy's name of the product.
    fn name(&self) -> &'static str {
        Flavour::of(self.dialect.name).map_or(self.dialect.name, Flavour::name)
    }

    fn function(&self, way: Way, name: &str, uses: &mut Uses) -> String {
        let mut text = format!("\n\ndef {name}() -> None:\n");
        let statements = match (way, &self.down) {
            (Way::Up, _) => &self.up,
            (Way::Down, Ok(down)) => down,
            (Way::Down, Err(why)) => {
                closed(&mut text, why);
                return text;
            }
        };
        if statements.is_empty() {
            text.push_str(&docstring(
                INDENT,
                &format!("Nothing is another in {}.", self.dialect.title),
            ));
            return text;
        }
        let mut body = Body {
            text,
            indent: INDENT,
            patient: self.name() == "postgresql",
            uses,
        };
        body.write(self.name(), statements);
        body.text
    }
}

/// A direction that there is not.
fn closed(text: &mut String, why: &[String]) {
    for line in why {
        text.push_str(&format!("    # {}\n", comment(line)));
    }
    text.push_str("    raise NotImplementedError(\"this revision has no way back\")\n");
}

/// The body of a function, as far as it is written.
struct Body<'u> {
    text: String,
    indent: usize,
    /// Whether a transaction says how long it waits for locks.
    patient: bool,
    uses: &'u mut Uses,
}

/// Who waits for a lock keeps everybody waiting who comes later.
const PATIENCE: &str = "SET LOCAL lock_timeout = '3s'";

impl Body<'_> {
    fn write(&mut self, product: &str, statements: &[Said]) {
        if product == "sqlite" && statements.iter().any(lets_keys_rest) {
            self.uses.rest = true;
            let inner = at_rest(statements);
            self.within("keys_at_rest()", |body| body.parts(&inner));
        } else {
            self.parts(statements);
        }
    }

    /// What shares a transaction, and what has none, in turns.
    fn parts(&mut self, statements: &[Said]) {
        let together = |said: &Said| said.how == How::Together;
        for part in statements.chunk_by(|one, other| together(one) == together(other)) {
            if part.first().is_some_and(together) {
                if self.patient {
                    self.blank();
                    self.run(PATIENCE);
                }
                self.each(part);
            } else {
                self.uses.op = true;
                self.blank();
                self.within("op.get_context().autocommit_block()", |body| body.each(part));
            }
        }
    }

    fn within(&mut self, context: &str, write: impl FnOnce(&mut Self)) {
        self.line(&format!("with {context}:"));
        self.indent += INDENT;
        write(self);
        self.indent -= INDENT;
    }

    fn each(&mut self, statements: &[Said]) {
        for said in statements {
            if !said.comments.is_empty() {
                self.blank();
            }
            for line in &said.comments {
                self.line(format!("# {}", comment(line)).trim_end());
            }
            match &said.how {
                How::Together | How::Alone => self.run(&said.sql),
                How::Batches {
                    table,
                    key,
                    condition,
                } => self.batches(&said.sql, *condition, (table, key)),
            }
        }
    }

    fn run(&mut self, sql: &str) {
        self.uses.run = true;
        run(&mut self.text, self.indent, sql);
    }

    fn batches(&mut self, sql: &str, condition: usize, (table, key): (&str, &[String])) {
        self.uses.batches = true;
        let (head, condition) = sql.split_at_checked(condition).unwrap_or((sql, ""));
        let call = Py::call(
            "run_in_batches",
            [
                Py::Atom(string(head.trim_end())),
                Py::Atom(string(condition.trim())),
                Py::text("table", table),
                Py::text("key", &key.join(", ")),
            ],
        );
        self.text.push_str(&statement(self.indent, "", &call, ""));
    }

    /// An empty line, but where a block begins.
    fn blank(&mut self) {
        if !self.text.ends_with(":\n") {
            self.text.push('\n');
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(&" ".repeat(self.indent));
        self.text.push_str(text);
        self.text.push('\n');
    }
}

/// Whether a statement lets SQLite's foreign keys rest, or act again. No transaction takes it in.
fn lets_keys_rest(said: &Said) -> bool {
    said.how == How::Alone && said.sql.starts_with("PRAGMA foreign_keys")
}

/// The others, which are one transaction while foreign keys rest: what a setting that a transaction takes in is about comes behind it.
fn at_rest(statements: &[Said]) -> Vec<Said> {
    let others = statements.iter().filter(|said| !lets_keys_rest(said)).cloned();
    let mut others: Vec<Said> = others.collect();
    for said in &mut others {
        if said.sql.starts_with("PRAGMA legacy_alter_table") {
            said.how = How::Together;
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_name_becomes_a_sentence() {
        assert_eq!(title("add_orders-again"), "Add orders again");
        assert_eq!(title("2nd"), "2nd");
    }
}
