//! Applying and rolling back.

use engine::{ConnectOptions, Connection};
use journal::{
    Bound, Entry, Event, EventKind, Migration, Script, Standing, Statement, Sums, chain_fault, compare,
    extend, instant,
};

use crate::execute::{Course, own_role};
use crate::lease::{self, Lease};
use crate::store::{Begun, Line, Store};
use crate::{Job, Stop, Tell, Told, kept, language, preflight, schema};

/// A database that is ours alone for now, and what it remembers.
pub(crate) struct Held<'a> {
    pub(crate) job: &'a Job<'a>,
    pub(crate) connection: Connection,
    pub(crate) store: Store,
    pub(crate) events: Vec<Event>,
    pub(crate) begun: Option<Begun>,
    pub(crate) lines: Vec<Line>,
    pooled: bool,
}

/// Connects, waits for the lease, reads what the database remembers, and does work with it.
pub(crate) fn hold<T>(
    job: &Job<'_>,
    tell: Tell<'_>,
    work: impl FnOnce(&mut Held<'_>, &Lease, Tell<'_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let options = ConnectOptions {
        application: "architrave migrate".to_owned(),
        ..ConnectOptions::default()
    };
    let mut connection = Connection::open(job.url, &options)?;
    preflight::check(&mut connection)?;
    let lease = lease::acquire(&mut connection, job, tell)?;
    let mut held = Held {
        job,
        store: Store::of(&connection),
        connection,
        events: Vec::new(),
        begun: None,
        lines: Vec::new(),
        pooled: false,
    };
    let result = match held.remember() {
        Ok(()) => work(&mut held, &lease, tell),
        Err(stop) => Err(stop),
    };
    lease.release(&mut held.connection);
    result
}

/// Applies what is pending, up to a number when one is given. Answers how many migrations it applied.
///
/// # Errors
/// Before anything is run: files, history or schema are not as they must be, rights are missing, another run has the database. In
/// the middle: a statement failed; what is done is in the ledger, and the next call goes on there.
pub fn apply(job: &Job<'_>, to: Option<i64>, tell: Tell<'_>) -> Result<usize, Stop> {
    hold(job, tell, |held, lease, tell| {
        let entries = held.sound()?;
        held.unhindered(&entries)?;
        let todo = held.todo(&entries, to)?;
        let statements = parse(todo.iter().map(|it| &it.up), &held.connection)?;
        let scripts = statements.iter().map(Vec::as_slice);
        preflight::can_set(&held.connection, todo.iter().copied().zip(scripts))?;
        preflight::can_set_aside(&mut held.connection, &todo)?;
        if !todo.is_empty() {
            held.settle_drift(lease, tell)?;
        }
        for (migration, statements) in todo.iter().zip(&statements) {
            held.one(lease, migration, &migration.up, statements, false, tell)?;
        }
        Ok(todo.len())
    })
}

/// Rolls back the last migrations that were applied: so many, or all with a number above one. Answers how many.
///
/// # Errors
/// As [`apply`]; also, before anything is run, when one of them has no way back.
pub fn rollback(job: &Job<'_>, to: Option<i64>, steps: usize, tell: Tell<'_>) -> Result<usize, Stop> {
    hold(job, tell, |held, lease, tell| {
        let entries = held.sound()?;
        let todo = held.ways_back(&entries, to, steps)?;
        let statements = parse(todo.iter().map(|(_, down)| *down), &held.connection)?;
        let scripts = statements.iter().map(Vec::as_slice);
        preflight::can_set(
            &held.connection,
            todo.iter().map(|(migration, _)| *migration).zip(scripts),
        )?;
        if !todo.is_empty() {
            held.settle_drift(lease, tell)?;
        }
        for ((migration, down), statements) in todo.iter().zip(&statements) {
            held.one(lease, migration, down, statements, true, tell)?;
        }
        Ok(todo.len())
    })
}

fn parse<'s>(
    scripts: impl Iterator<Item = &'s Script>,
    connection: &Connection,
) -> Result<Vec<Vec<Statement>>, Stop> {
    scripts
        .map(|script| script.statements(language(connection)).map_err(Stop::from))
        .collect()
}

/// Several things at once: the first is the message, the others stand below it.
fn together(mut found: Vec<(String, String)>) -> Result<(), Stop> {
    if found.is_empty() {
        return Ok(());
    }
    let (message, help) = found.remove(0);
    let others = found
        .into_iter()
        .map(|(message, help)| format!("also: {message}; {help}"));
    Err(Stop::wrong(message, help).with(others))
}

impl<'a> Held<'a> {
    fn remember(&mut self) -> Result<(), Stop> {
        self.pooled = self.connection.is_pooled();
        self.events = self.store.events(&mut self.connection)?;
        self.begun = self.store.begun(&mut self.connection)?;
        if let Some(begun) = &self.begun {
            self.lines = self.store.lines(&mut self.connection, begun.run)?;
        }
        Ok(())
    }

    /// Every migration, where the history is as it was written.
    pub(crate) fn sound(&self) -> Result<Vec<Entry>, Stop> {
        match chain_fault(&self.events) {
            None => Ok(compare(self.job.migrations, &self.events)),
            Some((position, what)) => Err(edited_history(position, what)),
        }
    }

    fn unhindered(&self, entries: &[Entry]) -> Result<(), Stop> {
        let begun = self.begun.as_ref().map(|begun| begun.number);
        let settings = self.job.settings;
        let hindrances = entries.iter().filter(|entry| match entry.standing {
            Standing::OutOfOrder => !settings.out_of_order && begun != Some(entry.number),
            Standing::Beside(_) => !settings.accept_drift && begun != Some(entry.number),
            _ => true,
        });
        together(hindrances.filter_map(Entry::hindrance).collect())
    }

    /// What is to be applied, in order; what has begun comes first.
    fn todo(&self, entries: &[Entry], to: Option<i64>) -> Result<Vec<&'a Migration>, Stop> {
        if let Some(to) = to.filter(|to| !entries.iter().any(|entry| entry.number == *to)) {
            return Err(Stop::wrong(
                format!("there is no migration {to}"),
                "`migrate status` lists them",
            ));
        }
        let wanted = |entry: &&Entry| !entry.is_applied() && to.is_none_or(|to| entry.number <= to);
        let pending = entries
            .iter()
            .filter(wanted)
            .filter_map(|entry| self.find(entry.number));
        let mut todo: Vec<&Migration> = pending.collect();
        if let Some(begun) = &self.begun {
            if begun.back {
                return Err(self.unfinished(begun, "rollback"));
            }
            let at = todo
                .iter()
                .position(|it| it.number == begun.number && it.name == begun.name);
            let Some(at) = at else {
                return Err(self.unfinished(begun, "apply"));
            };
            let first = todo.remove(at);
            todo.insert(0, first);
        }
        Ok(todo)
    }

    pub(crate) fn unfinished(&self, begun: &Begun, command: &str) -> Stop {
        let title = format!("{:04}_{}", begun.number, begun.name);
        Stop::wrong(
            format!(
                "`migrate {command}` of {title} has begun, at {}, and has not ended",
                begun.started
            ),
            format!(
                "run `migrate {command}` so that it covers {title}, whose folder must be there; if you have undone by hand what it did, \
                 `migrate repair --forget-unfinished`"
            ),
        )
    }

    fn find(&self, number: i64) -> Option<&'a Migration> {
        self.job.migrations.iter().find(|it| it.number == number)
    }

    /// Numbers of what is applied, in the order in which it was.
    fn applied(&self) -> Vec<i64> {
        let mut order = Vec::new();
        for event in &self.events {
            match event.kind {
                EventKind::Applied | EventKind::Baselined => order.push(event.number),
                EventKind::RolledBack => order.retain(|number| *number != event.number),
                _ => {}
            }
        }
        order
    }

    /// What is to be rolled back, last first, with the way back of each.
    fn ways_back(
        &self,
        entries: &[Entry],
        to: Option<i64>,
        steps: usize,
    ) -> Result<Vec<(&'a Migration, &'a Script)>, Stop> {
        let last_first = self.applied().into_iter().rev();
        let numbers: Vec<i64> = match to {
            Some(to) => last_first.filter(|number| *number > to).collect(),
            None => last_first.take(steps).collect(),
        };
        if let Some(begun) = &self.begun
            && !(begun.back && numbers.first() == Some(&begun.number))
        {
            return Err(self.unfinished(begun, if begun.back { "rollback" } else { "apply" }));
        }
        let mut found = Vec::new();
        let mut hindrances = Vec::new();
        for number in numbers {
            let entry = entries.iter().find(|entry| entry.number == number);
            match entry.map(|entry| self.way_back(entry)) {
                Some(Ok(way)) => found.push(way),
                Some(Err(hindrance)) => hindrances.push(hindrance),
                None => {}
            }
        }
        together(hindrances).map(|()| found)
    }

    fn way_back(&self, entry: &Entry) -> Result<(&'a Migration, &'a Script), (String, String)> {
        let (number, title) = (entry.number, entry.title());
        let migration = match &entry.standing {
            Standing::Missing | Standing::Renamed(_) | Standing::Renumbered(_) => None,
            _ => self.find(number),
        };
        let Some(migration) = migration else {
            return Err(entry.hindrance().unwrap_or_default());
        };
        let going_on = self
            .begun
            .as_ref()
            .is_some_and(|begun| begun.number == number && begun.back);
        if entry.standing == Standing::DownChanged && !going_on {
            return Err((
                format!("`down.sql` of {title} was edited or removed after the migration was applied"),
                format!(
                    "put the old text back, or consent to the new one: `migrate repair --accept-files {number}`"
                ),
            ));
        }
        if let Some(event) = kept::contracted(&self.events, number).filter(|_| !going_on) {
            return Err((
                format!(
                    "what {title} had set aside was destroyed, at {}: it cannot be rolled back",
                    event.finished
                ),
                "write a new migration that goes on from here; nothing was run".to_owned(),
            ));
        }
        match &migration.down {
            Some(down) => Ok((migration, down)),
            None => Err((
                format!("{title} has no `down.sql`"),
                "write one, or a new migration that goes on from here; nothing was run".to_owned(),
            )),
        }
    }

    fn last_hash(&self) -> Option<&Event> {
        self.events.last()
    }

    /// Stops when the schema is not what the last migration left, unless that is accepted, which the history then tells.
    fn settle_drift(&mut self, lease: &Lease, tell: Tell<'_>) -> Result<(), Stop> {
        let Some(last) = self.last_hash().cloned() else {
            return Ok(());
        };
        if self.begun.is_some() && !self.lines.is_empty() {
            // The schema is between two migrations, where nobody has a hash of it.
            return Ok(());
        }
        if last.maker != self.job.settings.maker {
            tell(Told::Note(format!(
                "the schema cannot be compared with what {} left: another version ({}) wrote it down",
                last.name, last.maker
            )));
            return Ok(());
        }
        let found = self.see()?.hash;
        if found == last.after {
            return Ok(());
        }
        if !self.job.settings.accept_drift {
            return Err(drifted(&last));
        }
        if let Some(begun) = self.begun.take() {
            // It did nothing yet; it begins anew, from the schema as it is.
            tell(Told::Note(format!(
                "{:04}_{} begins anew",
                begun.number, begun.name
            )));
            self.store.end(&mut self.connection)?;
        }
        tell(Told::Note(
            "the schema as it is was accepted, and the history says so".to_owned(),
        ));
        let event = Event {
            kind: EventKind::DriftAccepted,
            before: last.after.clone(),
            after: found,
            started: self.now(),
            ..last
        };
        self.append(lease, event)
    }

    pub(crate) fn now(&self) -> String {
        instant(self.job.system.now())
    }

    /// The schema as it is.
    pub(crate) fn see(&mut self) -> Result<schema::Seen, Stop> {
        self.connection.begin_snapshot()?;
        let seen = schema::see(&mut self.connection, self.job.dialect);
        let _ = self.connection.rollback();
        Ok(seen?)
    }

    /// Puts an event behind the others, with its place, its time and its chain.
    pub(crate) fn append(&mut self, lease: &Lease, event: Event) -> Result<(), Stop> {
        self.append_after(lease, event, |_| Ok(()))
    }

    /// Does what an event is about, and puts it behind the others, in one transaction.
    pub(crate) fn append_after(
        &mut self,
        lease: &Lease,
        event: Event,
        work: impl FnOnce(&mut Connection) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let event = self.chained(event);
        self.connection.begin()?;
        let written = lease
            .hold(&mut self.connection)
            .and_then(|()| work(&mut self.connection))
            .and_then(|()| Ok(self.store.append(&mut self.connection, &event)?));
        self.settle(written)?;
        self.events.push(event);
        Ok(())
    }

    /// An event about a migration after which the schema is what it was.
    pub(crate) fn nothing_changed(&self, kind: EventKind, of: &Event) -> Result<Event, Stop> {
        let last = self.events.last();
        let maker = last.map_or_else(String::new, |last| last.maker.clone());
        if maker != self.job.settings.maker {
            return Err(Stop::wrong(
                format!(
                    "the last entry of the history was written by {maker}, whose hashes this version cannot carry on"
                ),
                "apply the next migration first, or use that version",
            ));
        }
        let schema = last.map_or_else(String::new, |last| last.after.clone());
        Ok(Event {
            kind,
            before: schema.clone(),
            after: schema,
            started: self.now(),
            ..of.clone()
        })
    }

    fn settle<T>(&mut self, done: Result<T, Stop>) -> Result<T, Stop> {
        match done {
            Ok(value) => {
                self.connection.commit()?;
                Ok(value)
            }
            Err(stop) => {
                let _ = self.connection.rollback();
                Err(stop)
            }
        }
    }

    fn chained(&self, mut event: Event) -> Event {
        let last = self.events.last();
        event.position = last.map_or(0, |last| last.position) + 1;
        event.finished = self.now();
        event.maker.clone_from(&self.job.settings.maker);
        event.actor.clone_from(&self.job.settings.actor);
        event.chain = extend(last.map_or("", |last| &last.chain), &event);
        event
    }

    /// Runs one migration, forwards or back, or what is left of it.
    fn one(
        &mut self,
        lease: &Lease,
        migration: &Migration,
        script: &Script,
        statements: &[Statement],
        back: bool,
        tell: Tell<'_>,
    ) -> Result<(), Stop> {
        let title = migration.title();
        let lines = std::mem::take(&mut self.lines);
        let going_on = self.begun.take();
        let begun = match going_on.clone() {
            Some(begun) => begun,
            None => self.begin(lease, migration, back)?,
        };
        let course = Course {
            job: self.job,
            store: self.store,
            lease,
            title: title.clone(),
            file: &script.file,
            statements,
            back,
            run: begun.run,
            pooled: self.pooled,
        };
        let done = match going_on {
            Some(_) => course.resume(&mut self.connection, &lines, tell)?,
            None => 0,
        };
        tell(Told::Begins {
            title: &title,
            back,
            done,
            statements: statements.len(),
        });
        course.run(&mut self.connection, done, tell)?;
        self.end(lease, migration, &begun, tell)?;
        tell(Told::Finished(&title));
        Ok(())
    }

    /// Writes down that a migration begins.
    fn begin(&mut self, lease: &Lease, migration: &Migration, back: bool) -> Result<Begun, Stop> {
        let before = self.see()?;
        self.fits(migration, &before, back)?;
        let begun = Begun {
            run: self.events.last().map_or(0, |last| last.position) + 1,
            back,
            number: migration.number,
            name: migration.name.clone(),
            before: before.hash,
            started: self.now(),
            actor: self.job.settings.actor.clone(),
            error: String::new(),
        };
        self.connection.begin()?;
        let written = lease
            .hold(&mut self.connection)
            .and_then(|()| Ok(self.store.begin(&mut self.connection, &begun)?));
        self.settle(written)?;
        Ok(begun)
    }

    /// A plan is for one schema; on another its steps mean something else.
    fn fits(&self, migration: &Migration, before: &schema::Seen, back: bool) -> Result<(), Stop> {
        let Some(plan) = &migration.plan else {
            return Ok(());
        };
        let title = migration.title();
        if plan.dialect != self.job.dialect.name {
            return Err(Stop::wrong(
                format!(
                    "{title} was planned for {}, and this is {}",
                    plan.dialect, self.job.dialect.name
                ),
                "name the database that it is for",
            ));
        }
        let expected = if back { &plan.to } else { &plan.from };
        if before.is(expected, self.job.dialect) || self.job.settings.accept_drift {
            return Ok(());
        }
        Err(Stop::wrong(
            format!(
                "{title} was planned for another schema than the database has (hash {expected}, found {})",
                before.planned
            ),
            format!(
                "`architrave migrate rebase {title}` makes it go on from all others; or run it all the same with `--accept-drift`"
            ),
        ))
    }

    /// Writes down that a migration is done, with the schema that it left.
    fn end(
        &mut self,
        lease: &Lease,
        migration: &Migration,
        begun: &Begun,
        tell: Tell<'_>,
    ) -> Result<(), Stop> {
        // What the migration has set for the session would change how the catalog reads.
        self.connection.reset_session()?;
        self.connection.begin()?;
        let written = self.write_end(lease, migration, begun);
        let (event, after) = self.settle(written)?;
        self.tell_difference(migration, &event, &after, tell);
        self.events.push(event);
        Ok(())
    }

    fn write_end(
        &mut self,
        lease: &Lease,
        migration: &Migration,
        begun: &Begun,
    ) -> Result<(Event, schema::Seen), Stop> {
        own_role(&mut self.connection)?;
        lease.hold(&mut self.connection)?;
        let after = schema::see(&mut self.connection, self.job.dialect)?;
        let none = Sums {
            bytes: String::new(),
            text: String::new(),
        };
        let event = self.chained(Event {
            position: 0,
            kind: if begun.back {
                EventKind::RolledBack
            } else {
                EventKind::Applied
            },
            number: migration.number,
            name: migration.name.clone(),
            up: migration.up.sums.clone(),
            down: migration.down.as_ref().map_or(none, |down| down.sums.clone()),
            before: begun.before.clone(),
            after: after.hash.clone(),
            maker: String::new(),
            started: begun.started.clone(),
            finished: String::new(),
            actor: String::new(),
            chain: String::new(),
        });
        self.store.append(&mut self.connection, &event)?;
        self.store.end(&mut self.connection)?;
        Ok((event, after))
    }

    /// A way back that does not lead back, and a plan that did not lead to its end, are told.
    fn tell_difference(&self, migration: &Migration, event: &Event, after: &schema::Seen, tell: Tell<'_>) {
        let title = migration.title();
        if event.kind == EventKind::RolledBack {
            let applied = self
                .events
                .iter()
                .rev()
                .find(|it| it.kind == EventKind::Applied && it.number == event.number);
            if applied.is_some_and(|it| it.maker == event.maker && it.before != event.after) {
                tell(Told::Note(format!(
                    "the schema is not what it was before {title} was applied: its `down.sql` does not undo all of it"
                )));
            }
            return;
        }
        let missed = |plan: &&Bound| !after.is(&plan.to, self.job.dialect);
        if let Some(plan) = migration.plan.as_ref().filter(missed) {
            tell(Told::Note(format!(
                "{title} did not lead to the schema that it was planned for (hash {}, found {})",
                plan.to, after.planned
            )));
        }
    }
}

pub(crate) fn edited_history(position: i64, what: &str) -> Stop {
    Stop::wrong(
        format!("the history was edited: row {position} of `architrave_migrations`: {what}"),
        "restore its table from a backup; if you know what was done to it and consent, `migrate repair --accept-history`",
    )
}

fn drifted(last: &Event) -> Stop {
    Stop::wrong(
        format!(
            "the schema is not what the history left at {} ({:04}_{}): somebody has changed it since",
            last.finished, last.number, last.name
        ),
        "`migrate verify` says what differs; undo it, or write it into a migration; to take the schema as it is, `--accept-drift`",
    )
    .with([format!("recorded hash: {}", last.after)])
}
