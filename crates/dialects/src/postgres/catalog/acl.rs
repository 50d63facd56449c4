//! Access control lists as the server prints them: `{alice=ar*/bob,=r/bob}`.

use physical::{Grant, Grantee, Ident, Privilege};

use super::cursor::array;
use crate::postgres::ident;

/// What an access control list says.
#[derive(Debug, Default)]
pub(super) struct Acl {
    /// Rights, without those of the owner.
    pub(super) grants: Vec<Grant>,
    /// Rights that the schema has no word for, as statements: grant options, MAINTAIN.
    pub(super) others: Vec<String>,
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
    for item in array(text).unwrap_or_default().into_iter().flatten() {
        let Some((grantee, letters)) = split(&item) else {
            continue;
        };
        if grantee == owner {
            continue;
        }
        let who = if grantee.is_empty() {
            Grantee::Public
        } else {
            Grantee::Role(Ident::new(grantee.as_str()))
        };
        let mut letters = letters.chars().peekable();
        while let Some(letter) = letters.next() {
            let optional = letters.next_if_eq(&'*').is_some();
            match privilege(letter) {
                Some(privilege) => out.grants.push(Grant {
                    privilege,
                    columns: Vec::new(),
                    grantee: who.clone(),
                }),
                None => out.others.push(format!("right {letter} for {}", shown(&who))),
            }
            if optional {
                out.others
                    .push(format!("grant option of {letter} for {}", shown(&who)));
            }
        }
    }
    out
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
