//! Django: `manage.py`. Its models are its own, and nothing is emitted for them.

use super::Ecosystem;
use crate::clue::{Framework, Said};
use crate::look::Look;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem { name: "Django", look };

fn look(look: &mut Look<'_>) {
    for path in look.named(|name| name == "manage.py") {
        let Some(text) = look.module(&path) else { continue };
        let line = text
            .lines()
            .position(|line| line.contains("DJANGO_SETTINGS_MODULE"));
        if let Some(line) = line {
            let said = Said::Framework(Framework::Unknown("Django's models"));
            look.say_of_module(&path, &text, line, said, "it starts Django");
        }
    }
}
