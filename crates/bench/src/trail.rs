//! The price of the audit trail: the same statements with no trail, a plain one, a sealed one, and one chained inside.

use std::path::Path;
use std::time::{Duration, Instant};

use engine::{Connection, Server, StartOptions};
use project::Memory;

use crate::Failure;
use crate::stats::{line, ms};

/// Rows that one bulk statement touches.
const BULK: u32 = 10_000;
/// Transactions of one row each.
const SINGLE: u32 = 1_000;
/// Times of one way to keep a trail: bulk insert and update, single inserts and updates.
type Times = [Duration; 4];

const WORK: [&str; 4] = [
    "bulk insert",
    "bulk update",
    "inserts of one row",
    "updates of one row",
];

/// Prints ratios against no trail at all, taken in one run on one server.
pub(crate) fn price() -> Result<(), Failure> {
    let cache = tempfile::tempdir()?;
    let server = Server::start(&StartOptions::new(cache.path(), std::env::temp_dir()))?;
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/shop/schema/shop.arch"
    ))?;
    let mut all: Vec<(&str, Times)> = Vec::new();
    for mode in ["off(\"measured\")", "plain", "chained", "inline"] {
        // Roles belong to the server, so each variant is a project of its own.
        let name = format!("shop_{}", mode.split('(').next().unwrap_or(mode));
        let changed = text
            .replace("project shop {", &format!("project {name} {{"))
            .replace("audit        chained", &format!("audit        {mode}"));
        all.push((mode, measure(&server, &name, changed)?));
    }
    let Some((_, none)) = all.first() else {
        return Ok(());
    };
    for (at, what) in WORK.iter().enumerate() {
        let base = none.get(at).copied().unwrap_or_default();
        line(&format!("{what}, no trail"), &ms(base), "");
        for (mode, times) in all.iter().skip(1) {
            let time = times.get(at).copied().unwrap_or_default();
            line(
                &format!("{what}, {mode}"),
                &format!("{:.2} ×", time.as_secs_f64() / base.as_secs_f64()),
                "of no trail",
            );
        }
    }
    Ok(())
}

fn measure(server: &Server, name: &str, text: String) -> Result<Times, Failure> {
    server.create_database(name)?;
    let system = Memory::with([("/p/shop.arch", text)]);
    let built = state::build(&state::check(&system, Path::new("/p")));
    let target = built.targets.first().ok_or("nothing was built")?;
    let mut admin = server.superuser_connection(name)?;
    engine::apply(&mut admin, &target.plan.steps).map_err(|error| error.to_string())?;
    admin.batch(&format!("CREATE ROLE {name}_bench LOGIN IN ROLE {name}_app"))?;
    let mut app = server.connect(name, &format!("{name}_bench"))?;
    let hash = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA";
    let sign_up =
        format!("SELECT actor FROM {name}_private.sign_up_user('a@b.example', '{hash}', NULL, 'en')");
    let rows = app.query(&sign_up, &[])?;
    let actor = rows
        .scalar()
        .and_then(physical::Value::as_text)
        .ok_or("sign-up answers no actor")?
        .to_owned();
    app.batch(&format!("SELECT set_config('app.actor', '{actor}', false)"))?;
    let insert = format!("INSERT INTO {name}.orders (total) SELECT g FROM generate_series(1, {BULK}) AS g");
    let update = format!("UPDATE {name}.orders SET total = total + 1");
    let bulk_insert = timed(|| app.batch(&insert))?;
    admin.batch("VACUUM ANALYZE")?;
    let bulk_update = timed(|| app.batch(&update))?;
    let first = format!("SELECT min(id) FROM {name}.orders");
    let first = app
        .query(&first, &[])?
        .scalar()
        .and_then(physical::Value::as_int)
        .unwrap_or(1);
    let singles = timed(|| {
        each(&mut app, |_| {
            format!("INSERT INTO {name}.orders (total) VALUES (1)")
        })
    })?;
    admin.batch("VACUUM ANALYZE")?;
    let updates = timed(|| {
        each(&mut app, |at| {
            format!(
                "UPDATE {name}.orders SET total = 2 WHERE id = {}",
                first + i64::from(at)
            )
        })
    })?;
    Ok([bulk_insert, bulk_update, singles, updates])
}

fn each(app: &mut Connection, statement: impl Fn(u32) -> String) -> Result<(), engine::EngineError> {
    (0..SINGLE).try_for_each(|at| app.batch(&statement(at)))
}

fn timed(work: impl FnOnce() -> Result<(), engine::EngineError>) -> Result<Duration, Failure> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed())
}
