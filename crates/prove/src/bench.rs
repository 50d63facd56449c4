//! What a gate works at: databases, people to be, rows, and the paper on which it writes what it finds.

use engine::{CancelToken, Connection, EngineError};
use evidence::{Claim, Counterexample, Fact};
use physical::{ContextMode, Database, Name, Purpose, Value};
use plan::ContextValues;
use sha2::{Digest, Sha256};

use crate::data::{Datum, Maker, Party};
use crate::execute::Failure;
use crate::gate::Stop;
use crate::host::{Db, Host};
use crate::progress::Progress;
use crate::prove::Options;
use crate::subject::Subject;

/// What a gate works at.
pub struct Bench<'a> {
    /// What is proven.
    pub subject: &'a Subject,
    /// How.
    pub options: &'a Options,
    pub(crate) host: &'a mut Host,
    progress: &'a mut dyn Progress,
    pub(crate) claims: Vec<Claim>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) notes: Vec<String>,
    pub(crate) headline: Option<String>,
}

impl std::fmt::Debug for Bench<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench")
            .field("claims", &self.claims.len())
            .finish_non_exhaustive()
    }
}

/// A database with rows in all tables, for two parties or more.
#[derive(Debug)]
pub struct Loaded<'a> {
    /// The database.
    pub db: Db,
    /// Whose rows they are. The first two share a tenant, where there are tenants; the last is of another.
    pub parties: Vec<Party>,
    /// The rows.
    pub maker: Maker<'a>,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(
        subject: &'a Subject,
        options: &'a Options,
        host: &'a mut Host,
        progress: &'a mut dyn Progress,
    ) -> Self {
        Self {
            subject,
            options,
            host,
            progress,
            claims: Vec::new(),
            facts: Vec::new(),
            notes: Vec::new(),
            headline: None,
        }
    }

    /// Writes a finding down.
    pub fn claim(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// Adds to a count that stands in the evidence.
    pub fn count(&mut self, name: &str, more: u64) {
        match self.facts.iter_mut().find(|fact| fact.name == name) {
            Some(fact) => fact.value += more,
            None => self.facts.push(Fact {
                name: name.to_owned(),
                value: more,
            }),
        }
    }

    /// A count that stands in the evidence; 0 when nothing was counted.
    #[must_use]
    pub fn counted(&self, name: &str) -> u64 {
        let found = self.facts.iter().find(|fact| fact.name == name);
        found.map_or(0, |fact| fact.value)
    }

    /// Notes what the reader should know beside the evidence.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The gate's evidence in a few words; without one the counts stand there.
    pub fn headline(&mut self, text: impl Into<String>) {
        self.headline = Some(text.into());
    }

    /// Tells how far the gate has come.
    ///
    /// # Errors
    /// [`Stop::Cancelled`] when somebody asked for the end: call this often.
    pub fn step(&mut self, done: usize, of: usize, what: &str) -> Result<(), Stop> {
        self.progress.step(done, of, what);
        if self.options.cancel.is_cancelled() {
            Err(Stop::Cancelled)
        } else {
            Ok(())
        }
    }

    /// The flag by which the proof is given up.
    #[must_use]
    pub fn cancel(&self) -> &CancelToken {
        &self.options.cancel
    }

    /// Builds the schema from nothing, if that was not done yet, and answers how that went.
    ///
    /// # Errors
    /// When the server does not do its part.
    pub fn built(&mut self) -> Result<Result<Db, Failure>, Stop> {
        if let Err(failure) = self.host.build_template(self.subject)? {
            return Ok(Err(failure));
        }
        self.host.fresh(self.subject).map(Ok)
    }

    /// A database of this gate's own, with the schema in it.
    ///
    /// # Errors
    /// When the schema cannot be built, or the server does not do its part.
    pub fn fresh(&mut self) -> Result<Db, Stop> {
        let db = self.host.fresh(self.subject)?;
        if self.host.elevated() {
            self.note("the schema was built by the superuser, since the planned roles were refused; see the gate apply");
        }
        Ok(db)
    }

    /// A database of this gate's own, with the schema and rows in it.
    ///
    /// # Errors
    /// As [`Self::fresh`]; also when a row that should be legal is refused.
    pub fn loaded(&mut self, rows: usize) -> Result<Loaded<'a>, Stop> {
        let db = self.fresh()?;
        let mut maker = Maker::new(self.subject, self.options.seed);
        let parties = maker.parties().map_err(|fault| Stop::Unable(fault.to_string()))?;
        maker.populate(&parties, rows);
        let mut superuser = db.superuser()?;
        write(&mut superuser, &mut maker)?;
        for statement in maker.counters() {
            superuser.batch(&statement)?;
        }
        for shortfall in maker.shortfalls.clone() {
            self.note(shortfall.to_string());
        }
        Ok(Loaded { db, parties, maker })
    }

    /// Reads the schema back from the real database.
    ///
    /// # Errors
    /// What the server says, or that its catalog is not understood.
    pub fn introspect(&self, connection: &mut Connection) -> Result<Database, Stop> {
        Ok(engine::introspect(connection, self.subject.dialect)?)
    }

    /// The public id of the pseudonym that stands for a user, by the user's key.
    ///
    /// # Errors
    /// What the server says.
    pub fn actor_of(&self, superuser: &mut Connection, party: &Party) -> Result<Option<String>, Stop> {
        let owner = party.owner.as_ref().and_then(Datum::key_text);
        let (Some(actors), Some(owner)) = (&self.subject.blueprint.actors, owner) else {
            return Ok(None);
        };
        let speller = crate::data::Speller::new(self.subject.dialect);
        let user = speller.text(&owner);
        let table = speller.name(&self.subject.realised_name(&actors.table));
        let rows = superuser.query(
            &format!("SELECT public_id FROM {table} WHERE user_id = {user}"),
            &[],
        )?;
        if let Some(Value::Text(id)) = rows.scalar() {
            return Ok(Some(id.clone()));
        }
        // No trigger makes pseudonyms here: the application would.
        superuser.batch(&format!(
            "INSERT INTO {table} (kind, user_id) VALUES ('user', {user})"
        ))?;
        let rows = superuser.query(
            &format!("SELECT public_id FROM {table} WHERE user_id = {user}"),
            &[],
        )?;
        Ok(rows.scalar().and_then(Value::as_text).map(str::to_owned))
    }

    /// The context in which a party acts, signed where the schema wants that.
    ///
    /// # Errors
    /// What the server says.
    pub fn context_of(&self, superuser: &mut Connection, party: &Party) -> Result<ContextValues, Stop> {
        let actor = self.actor_of(superuser, party)?;
        self.sign(
            superuser,
            ContextValues {
                actor,
                tenant: party.tenant_public.clone(),
                signature: None,
            },
        )
    }

    /// Signs a context, where the schema wants that, with a key that lives for this proof only.
    ///
    /// # Errors
    /// What the server says.
    pub fn sign(&self, superuser: &mut Connection, mut values: ContextValues) -> Result<ContextValues, Stop> {
        let blueprint = &self.subject.blueprint;
        if blueprint.context != ContextMode::Signed || !self.subject.has_roles() {
            return Ok(values);
        }
        let speller = crate::data::Speller::new(self.subject.dialect);
        let private = &blueprint.private_schema;
        let info = blueprint
            .tables
            .iter()
            .find(|info| info.purpose == Purpose::Private);
        let designed = info.map(|info| self.subject.realised_name(&info.name));
        let keys = speller.name(&designed.unwrap_or_else(|| Name::new(private.clone(), "signing_keys")));
        if superuser
            .query(&format!("SELECT 1 FROM {keys}"), &[])?
            .rows
            .is_empty()
        {
            let set = speller.name(&Name::new(private.clone(), "set_context_key"));
            let key = Value::Bytes(self.options.entropy.to_vec());
            superuser.query(&format!("SELECT {set}($1)"), &[key])?;
        }
        let now = superuser.query("SELECT extract(epoch FROM clock_timestamp())::bigint", &[])?;
        let expires = now.scalar().and_then(Value::as_int).unwrap_or(0) + 3600;
        let message = format!(
            "architrave/context/1\n{}\n{}\n{}\n{expires}",
            blueprint.project,
            values.actor.as_deref().unwrap_or_default(),
            values.tenant.as_deref().unwrap_or_default()
        );
        values.signature = Some((expires, hmac(&self.options.entropy, message.as_bytes())));
        Ok(values)
    }

    /// Does something as a member of a role, in a context, in one transaction that is rolled back.
    ///
    /// # Errors
    /// [`Stop`] when nobody can log in or the context is refused; the inner result is that of the work.
    pub fn as_role<T>(
        &self,
        db: &Db,
        role: &str,
        context: &ContextValues,
        work: impl FnOnce(&mut Connection) -> Result<T, EngineError>,
    ) -> Result<Result<T, EngineError>, Stop> {
        let mut connection = db.member(role)?;
        self.within(&mut connection, context, work)
    }

    /// Does something in a context, in one transaction that is rolled back.
    ///
    /// # Errors
    /// [`Stop`] when the context is refused; the inner result is that of the work.
    pub fn within<T>(
        &self,
        connection: &mut Connection,
        context: &ContextValues,
        work: impl FnOnce(&mut Connection) -> Result<T, EngineError>,
    ) -> Result<Result<T, EngineError>, Stop> {
        connection.begin()?;
        for statement in (self.subject.dialect.enter)(&self.subject.blueprint, context) {
            if let Err(error) = connection.batch(&statement) {
                let _ = connection.rollback();
                return Err(error.into());
            }
        }
        let result = work(connection);
        if let Err(error) = connection.rollback() {
            // A lost connection loses the answer too; anything else does not matter once there is one.
            if error.is_connection_lost() {
                return Err(error.into());
            }
        }
        match result {
            Err(error) if error.is_connection_lost() => Err(error.into()),
            other => Ok(other),
        }
    }
}

/// Inserts what the maker has made, in one transaction.
///
/// # Errors
/// The statement that was refused, and why.
pub fn write(connection: &mut Connection, maker: &mut Maker<'_>) -> Result<(), Stop> {
    let statements = maker.statements();
    if statements.is_empty() {
        return Ok(());
    }
    connection.begin()?;
    for statement in statements {
        if let Err(error) = connection.batch(&statement) {
            let _ = connection.rollback();
            return Err(refused(&statement, error));
        }
    }
    Ok(connection.commit()?)
}

fn refused(statement: &str, error: EngineError) -> Stop {
    if error.sql().is_none() {
        return error.into();
    }
    let example = Counterexample::new(
        "rows that should be legal are refused",
        "accepted",
        error.to_string(),
    );
    Stop::Refused(Box::new(example.with_statements([statement]).run_as("superuser")))
}

/// HMAC-SHA-256 in hex, with a key of 32 bytes.
fn hmac(key: &[u8; 32], message: &[u8]) -> String {
    let pad = |with: u8| -> Vec<u8> {
        key.iter()
            .map(|byte| byte ^ with)
            .chain(std::iter::repeat_n(with, 32))
            .collect()
    };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_rfc_2104() {
        // Made with Python: hmac.new(bytes(range(32)), b"architrave", "sha256").hexdigest()
        let key: [u8; 32] = std::array::from_fn(|index| index as u8);
        assert_eq!(hmac(&key, b"architrave"), EXPECTED);
    }

    const EXPECTED: &str = "fa1a0fd21adca4b9eb5fd7b5b09655737a8cd6fae0471e31617a67870c97e349";
}
