//! The imports of a module, sorted as `ruff` sorts them.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Piece, import_order, natural};
use super::py::{Py, statement};
use crate::Placement;

/// What a module says in place of the support package, wherever that lies.
const SUPPORT: &str = "..core.";

/// Where a module comes from; sections stand apart, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Standard,
    Installed,
    Own,
}

type Members = BTreeSet<(u8, Vec<Piece>, String)>;
type Order = (Section, u8, Vec<Piece>, String);

/// What a module imports.
#[derive(Debug, Clone, Default)]
pub(super) struct Imports {
    straight: BTreeSet<(Section, &'static str)>,
    from: BTreeMap<Order, Members>,
    checking: BTreeMap<Order, Members>,
}

impl Imports {
    /// `import datetime as dt`
    pub(super) fn datetime(&mut self) {
        self.straight.insert((Section::Standard, "import datetime as dt"));
    }

    /// `import sqlalchemy as sa`
    pub(super) fn sqlalchemy(&mut self) {
        self.straight
            .insert((Section::Installed, "import sqlalchemy as sa"));
    }

    /// From the standard library.
    pub(super) fn standard(&mut self, module: &str, name: &str) {
        add(&mut self.from, Section::Standard, module, name);
    }

    /// From an installed package.
    pub(super) fn installed(&mut self, module: &str, name: &str) {
        add(&mut self.from, Section::Installed, module, name);
    }

    /// From the package itself, relative to the module.
    pub(super) fn own(&mut self, module: &str, name: &str) {
        add(&mut self.from, Section::Own, module, name);
    }

    /// For type checkers only, since the module imports this one.
    pub(super) fn checked(&mut self, module: &str, name: &str) {
        add(&mut self.checking, Section::Own, module, name);
    }

    /// The same with the support package where it lies.
    fn placed(&self, place: &Placement<'_>) -> Self {
        let support = format!("..{}.", place.support_module());
        let moved = |from: &BTreeMap<Order, Members>| {
            let mut to = BTreeMap::new();
            for ((section, .., module), names) in from {
                let module = match module.strip_prefix(SUPPORT) {
                    Some(rest) => format!("{support}{rest}"),
                    None => module.clone(),
                };
                names
                    .iter()
                    .for_each(|(.., name)| add(&mut to, *section, &module, name));
            }
            to
        };
        Self {
            straight: self.straight.clone(),
            from: moved(&self.from),
            checking: moved(&self.checking),
        }
    }

    /// The lines, ending with an empty one when there are any.
    pub(super) fn render(&self, place: &Placement<'_>) -> String {
        let mut own = self.placed(place);
        let known: Vec<(Order, Members)> = own
            .from
            .iter()
            .map(|(key, names)| (key.clone(), names.clone()))
            .collect();
        for (module, names) in known {
            if let Some(checking) = own.checking.get_mut(&module) {
                checking.retain(|name| !names.contains(name));
            }
        }
        own.checking.retain(|_, names| !names.is_empty());
        if !own.checking.is_empty() {
            own.standard("typing", "TYPE_CHECKING");
        }
        let mut out = String::new();
        for section in [Section::Standard, Section::Installed, Section::Own] {
            let before = out.len();
            for (_, line) in own.straight.iter().filter(|(of, _)| *of == section) {
                out.push_str(line);
                out.push('\n');
            }
            for ((_, _, _, module), names) in own.from.iter().filter(|((of, ..), _)| *of == section) {
                out.push_str(&from(0, module, names));
            }
            if out.len() > before {
                out.push('\n');
            }
        }
        if !own.checking.is_empty() {
            out.push_str("if TYPE_CHECKING:\n");
            for ((_, _, _, module), names) in &own.checking {
                out.push_str(&from(4, module, names));
            }
            out.push('\n');
        }
        out
    }
}

fn add(to: &mut BTreeMap<Order, Members>, section: Section, module: &str, name: &str) {
    let dots = module.chars().take_while(|c| *c == '.').count();
    // Farther ones come first.
    let order = (
        section,
        9_u8.saturating_sub(dots as u8),
        natural(module),
        module.to_owned(),
    );
    to.entry(order).or_default().insert(import_order(name));
}

/// `from module import a, b`, with one name to a line when they do not fit.
pub(super) fn from(indent: usize, module: &str, names: &Members) -> String {
    let names: Vec<Py> = names.iter().map(|(_, _, name)| Py::atom(name.clone())).collect();
    let flat = Py::Listed("", names.clone(), "");
    let line = statement(indent, &format!("from {module} import "), &flat, "");
    if line.lines().count() == 1 {
        return line;
    }
    statement(
        indent,
        &format!("from {module} import "),
        &Py::Listed("(", names, ")"),
        "",
    )
}

#[cfg(test)]
mod tests {
    use super::Imports;
    use crate::Placement;

    #[test]
    fn sections_and_names_are_sorted() {
        let mut imports = Imports::default();
        imports.own(".enums", "State");
        imports.own("..core.types", "Key");
        imports.own("..core.database", "kept");
        imports.own("..core.database", "Base");
        imports.installed("sqlalchemy.orm", "Mapped");
        imports.sqlalchemy();
        imports.standard("decimal", "Decimal");
        imports.datetime();
        imports.checked(".user", "User");
        assert_eq!(
            imports.render(&Placement::default()),
            "import datetime as dt\nfrom decimal import Decimal\nfrom typing import TYPE_CHECKING\n\n\
             import sqlalchemy as sa\nfrom sqlalchemy.orm import Mapped\n\n\
             from ..core.database import Base, kept\nfrom ..core.types import Key\nfrom .enums import State\n\n\
             if TYPE_CHECKING:\n    from .user import User\n\n"
        );
    }
}
