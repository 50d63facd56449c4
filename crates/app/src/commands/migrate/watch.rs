//! What a run tells, for people.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diagnostics::render::visible;
use runner::Told;

use crate::Context;
use crate::progress::Line;

/// How often the line of progress moves while a statement runs.
const TICK: Duration = Duration::from_millis(100);

/// Prints as the run goes on; a line of progress moves while a statement takes long.
pub(super) struct Watch {
    context: Context,
    verbose: bool,
    waiting: bool,
    of: usize,
    /// The statement that runs, in a line.
    label: String,
    line: Option<(Sender<String>, JoinHandle<()>)>,
}

impl Watch {
    pub(super) fn new(context: Context, verbose: bool) -> Self {
        Self {
            context,
            verbose,
            waiting: false,
            of: 0,
            label: String::new(),
            line: None,
        }
    }

    pub(super) fn tell(&mut self, told: &Told<'_>) {
        match told {
            Told::Statement { position, text } => self.statement(*position, text),
            Told::Batch { changed } => self.moving(format!("{}: {changed} rows", self.label)),
            _ => self.quiet(),
        }
        match told {
            Told::Waiting(holder) if !self.waiting => {
                self.waiting = true;
                self.aside(&format!("waiting: another run has the database: {holder}"));
            }
            Told::Begins {
                title,
                back,
                done,
                statements,
            } => {
                self.of = *statements;
                let what = if *back { "rolling back" } else { "applying" };
                let from = match done {
                    0 => String::new(),
                    _ => format!(", going on behind statement {done}"),
                };
                self.print(&format!("{what} {title}{from}"));
            }
            Told::Recorded(position) if self.verbose => {
                self.print(&format!("  {position}/{} recorded", self.of));
            }
            Told::Again {
                attempt,
                reason,
                pause,
            } => self.aside(&format!(
                "try {attempt} was in vain: {reason}; again in {:.1} s",
                pause.as_secs_f64()
            )),
            Told::Note(text) => self.aside(&format!("note: {text}")),
            Told::Waiting(_)
            | Told::Statement { .. }
            | Told::Batch { .. }
            | Told::Recorded(_)
            | Told::Finished(_) => {}
        }
    }

    fn statement(&mut self, position: usize, text: &str) {
        let first = text.lines().next().unwrap_or("");
        self.label = format!("{position}/{} {first}", self.of);
        if self.verbose {
            self.print(&format!("  {}", self.label));
        }
        self.moving(self.label.clone());
    }

    /// A line that moves for as long as nothing else is told.
    fn moving(&mut self, label: String) {
        if !self.context.terminal.progress {
            return;
        }
        self.quiet();
        let (stop, stopped) = channel::<String>();
        let terminal = self.context.terminal;
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                let mut line = Line::new(terminal);
                while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    line.say(&label);
                }
            });
        // Without a thread there is no moving line; the run goes on.
        self.line = thread.ok().map(|thread| (stop, thread));
    }

    /// Takes the line of progress away.
    fn quiet(&mut self) {
        if let Some((stop, thread)) = self.line.take() {
            drop(stop);
            // It ends at once; waiting keeps it from drawing over what comes.
            let _ = thread.join();
        }
    }

    fn print(&self, text: &str) {
        self.context.terminal.print(&format!("{}\n", visible(text)));
    }

    fn aside(&self, text: &str) {
        self.context.terminal.complain(&format!("{}\n", visible(text)));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.quiet();
    }
}
