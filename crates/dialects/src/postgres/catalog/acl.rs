//! Access control lists as the server prints them: `{alice=ar*/bob,=r/bob}`.

use physical::{Grant, Grantee, Ident, Privilege};

use super::cursor::array;
use crate::postgres::ident;

/// What an access control list says.
#[derive(Debug, Default)]
pub(super) struct Acl {
    /// Rights, without those of the owner.
    pub(super) grants: Vec<Grant>,
}

/// Reads a list; `None` is what the server does by itself, which for functions and types is a right for everyone.
pub(super) fn read(text: Option<&str>, owner: &str, by_default: Option<Privilege>) -> Acl {
    let mut out = Acl::default();
    let Some(text) = text else {
        out.grants.extend(by_default.map(|privilege| Grant {
            privilege,
            columns: Vec::new(),
            grantee: Grantee::Public,
        }));
        return out;
    };
    for item in items(text).filter(|item| item.grantee != owner) {
        for (letter, _) in &item.letters {
            if let Some(privilege) = privilege(*letter) {
                out.grants.push(Grant {
                    privilege,
                    columns: Vec::new(),
                    grantee: item.who(),
                });
            }
        }
    }
    out
}

/// What a list says beyond [`read`]: rights that may be passed on, rights without a word of their own, and what the owner
/// lacks. As statements about an object of a kind, or about one of its columns.
pub(super) fn unusual(
    kind: &str,
    object: &str,
    column: Option<&str>,
    text: Option<&str>,
    owner: &str,
) -> Vec<String> {
    let Some(text) = text else { return Vec::new() };
    let of = column
        .map(|column| format!(" ({})", ident::ident(column)))
        .unwrap_or_default();
    let mut out = Vec::new();
    let mut owned = String::new();
    for item in items(text) {
        if item.grantee == owner {
            owned.extend(item.letters.iter().map(|(letter, _)| *letter));
            if column.is_none() {
                continue;
            }
        }
        for (letter, option) in &item.letters {
            if *option || privilege(*letter).is_none() || item.grantee == owner {
                let option = if *option { " WITH GRANT OPTION" } else { "" };
                let word = word(*letter);
                out.push(format!(
                    "GRANT {word}{of} ON {kind} {object} TO {}{option}",
                    shown(&item.who())
                ));
            }
        }
    }
    if column.is_none() {
        for letter in all(kind).chars().filter(|letter| !owned.contains(*letter)) {
            let owner = ident::ident(owner);
            out.push(format!("REVOKE {} ON {kind} {object} FROM {owner}", word(letter)));
        }
    }
    out
}

/// All that a list says, as statements.
pub(super) fn whole(kind: &str, object: &str, text: Option<&str>, owner: &str) -> Vec<String> {
    let Some(list) = text else { return Vec::new() };
    if is_usual(kind, list, owner) {
        return Vec::new();
    }
    let mut out = Vec::new();
    if matches!(kind, "FUNCTION" | "PROCEDURE" | "TYPE" | "LANGUAGE" | "SCHEMA") {
        out.push(format!("REVOKE ALL ON {kind} {object} FROM PUBLIC"));
    }
    for item in items(list).filter(|item| item.grantee != owner) {
        let plain = item.letters.iter().filter(|(_, option)| !option);
        let words: Vec<&str> = plain.map(|(letter, _)| word(*letter)).collect();
        if !words.is_empty() {
            out.push(format!(
                "GRANT {} ON {kind} {object} TO {}",
                words.join(", "),
                shown(&item.who())
            ));
        }
    }
    out.extend(unusual(kind, object, None, text, owner));
    out
}

/// Whether a list says what the server would do without one: what was given and taken back leaves such a list behind.
fn is_usual(kind: &str, list: &str, owner: &str) -> bool {
    let everyone = match kind {
        "FUNCTION" | "PROCEDURE" | "TYPE" | "LANGUAGE" => all(kind),
        _ => return false,
    };
    let letters = |item: &Item| item.letters.iter().map(|(letter, _)| *letter).collect::<String>();
    let plain = |item: &Item| item.letters.iter().all(|(_, option)| !option);
    let has = |whom: &str| {
        items(list).any(|item| item.grantee == whom && plain(&item) && letters(&item) == everyone)
    };
    items(list).count() == 2 && has("") && has(owner)
}

/// What may be done with a column, as statements.
pub(super) fn of_column(object: &str, column: &str, text: &str, owner: &str) -> Vec<String> {
    let mut out = Vec::new();
    for item in items(text).filter(|item| item.grantee != owner) {
        for (letter, _) in item.letters.iter().filter(|(_, option)| !option) {
            let (word, column, who) = (word(*letter), ident::ident(column), shown(&item.who()));
            out.push(format!("GRANT {word} ({column}) ON TABLE {object} TO {who}"));
        }
    }
    out
}

/// What `ALTER DEFAULT PRIVILEGES` has to say so that a list becomes the default for new objects of a kind.
pub(super) fn default_rights(
    prefix: &str,
    kind: &str,
    text: &str,
    owner: &str,
    in_schema: bool,
) -> Vec<String> {
    let mut out = Vec::new();
    let objects = format!("{kind}S");
    if !in_schema {
        // Beside what is given, such a list says what is not: it stands for everything.
        out.push(format!("{prefix} REVOKE ALL ON {objects} FROM PUBLIC"));
        out.push(format!(
            "{prefix} REVOKE ALL ON {objects} FROM {}",
            ident::ident(owner)
        ));
    }
    for item in items(text) {
        for (letter, option) in &item.letters {
            let option = if *option && item.grantee != owner {
                " WITH GRANT OPTION"
            } else {
                ""
            };
            out.push(format!(
                "{prefix} GRANT {} ON {objects} TO {}{option}",
                word(*letter),
                shown(&item.who())
            ));
        }
    }
    out
}

/// The statement that takes back what another one grants, or grants what it takes.
pub(super) fn reversed(statement: &str) -> String {
    if let Some((revoke, whom)) = statement.rsplit_once(" FROM ") {
        return format!("{} TO {whom}", revoke.replacen("REVOKE ", "GRANT ", 1));
    }
    let (grant, word) = match statement.strip_suffix(" WITH GRANT OPTION") {
        // What has a word of its own stays granted by it.
        Some(grant) if !grant.starts_with("GRANT MAINTAIN ") => (grant, "REVOKE GRANT OPTION FOR "),
        Some(grant) => (grant, "REVOKE "),
        None => (statement, "REVOKE "),
    };
    match grant.replacen("GRANT ", word, 1).rsplit_once(" TO ") {
        Some((revoke, whom)) => format!("{revoke} FROM {whom}"),
        None => String::new(),
    }
}

/// The way back from [`default_rights`]. Everyone has something by default with functions and types alone.
pub(super) fn default_rights_reversed(statements: &[String], kind: &str) -> Vec<String> {
    let nothing = !matches!(kind, "FUNCTION" | "TYPE");
    let given =
        |text: &&String| !(nothing && text.contains(" REVOKE ALL ON ") && text.ends_with(" FROM PUBLIC"));
    let back = |text: &String| match text.rsplit_once(" FROM ") {
        Some((revoke, whom)) => format!("{} TO {whom}", revoke.replacen(" REVOKE ", " GRANT ", 1)),
        None => {
            let plain = text.strip_suffix(" WITH GRANT OPTION").unwrap_or(text);
            let revoke = plain.replacen(" GRANT ", " REVOKE ", 1);
            let (revoke, whom) = revoke.rsplit_once(" TO ").unwrap_or((&revoke, ""));
            format!("{revoke} FROM {whom}")
        }
    };
    statements.iter().rev().filter(given).map(back).collect()
}

/// All rights that there are on a kind of object.
fn all(kind: &str) -> &'static str {
    match kind {
        "TABLE" => "arwdDxt",
        "SEQUENCE" => "rwU",
        "FUNCTION" | "PROCEDURE" => "X",
        "TYPE" | "LANGUAGE" => "U",
        "SCHEMA" => "UC",
        _ => "",
    }
}

/// One entry of a list.
struct Item {
    grantee: String,
    /// Rights, and whether they may be passed on.
    letters: Vec<(char, bool)>,
}

impl Item {
    fn who(&self) -> Grantee {
        if self.grantee.is_empty() {
            Grantee::Public
        } else {
            Grantee::Role(Ident::new(self.grantee.as_str()))
        }
    }
}

fn items(text: &str) -> impl Iterator<Item = Item> {
    let items = array(text).unwrap_or_default().into_iter().flatten();
    items.filter_map(|item| {
        let (grantee, rights) = split(&item)?;
        let mut letters = Vec::new();
        let mut rest = rights.chars().peekable();
        while let Some(letter) = rest.next() {
            letters.push((letter, rest.next_if_eq(&'*').is_some()));
        }
        Some(Item { grantee, letters })
    })
}

fn shown(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Public => "PUBLIC".to_owned(),
        Grantee::Role(role) => ident::ident(role.as_str()),
    }
}

/// `grantee=letters/grantor`, where names may stand in double quotes.
fn split(item: &str) -> Option<(String, String)> {
    let mut grantee = String::new();
    let mut chars = item.chars().peekable();
    let mut quoted = false;
    loop {
        match chars.next()? {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                grantee.push('"');
            }
            '"' => quoted = !quoted,
            '=' if !quoted => break,
            c => grantee.push(c),
        }
    }
    Some((grantee, chars.take_while(|c| *c != '/').collect()))
}

const fn privilege(letter: char) -> Option<Privilege> {
    Some(match letter {
        'r' => Privilege::Select,
        'a' => Privilege::Insert,
        'w' => Privilege::Update,
        'd' => Privilege::Delete,
        'D' => Privilege::Truncate,
        'x' => Privilege::References,
        't' => Privilege::Trigger,
        'U' => Privilege::Usage,
        'C' => Privilege::Create,
        'X' => Privilege::Execute,
        _ => return None,
    })
}

/// A right as it is written.
const fn word(letter: char) -> &'static str {
    match letter {
        'r' => "SELECT",
        'a' => "INSERT",
        'w' => "UPDATE",
        'd' => "DELETE",
        'D' => "TRUNCATE",
        'x' => "REFERENCES",
        't' => "TRIGGER",
        'U' => "USAGE",
        'C' => "CREATE",
        'X' => "EXECUTE",
        'm' => "MAINTAIN",
        // Nobody may do what we do not know: the server refuses the statement.
        _ => "UNKNOWN",
    }
}
