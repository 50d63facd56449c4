//! One line on standard error while something takes longer than a second; gone when it is done.

use std::time::{Duration, Instant};

use crate::terminal::Terminal;

/// How long nothing is shown.
const QUIET: Duration = Duration::from_secs(1);
/// How often the line is written again.
const REDRAW: Duration = Duration::from_millis(80);
const FRAMES: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠉"];

/// A line that says what is being done.
#[derive(Debug)]
pub(crate) struct Line {
    terminal: Terminal,
    started: Instant,
    drawn: Option<Instant>,
    frame: usize,
}

impl Line {
    /// Nothing is shown yet.
    pub(crate) fn new(terminal: Terminal) -> Self {
        Self {
            terminal,
            started: Instant::now(),
            drawn: None,
            frame: 0,
        }
    }

    /// Says what is being done now.
    pub(crate) fn say(&mut self, what: &str) {
        let now = Instant::now();
        let early = now.duration_since(self.started) < QUIET;
        let recent = self.drawn.is_some_and(|drawn| now.duration_since(drawn) < REDRAW);
        if !self.terminal.progress || early || recent {
            return;
        }
        self.drawn = Some(now);
        self.frame = (self.frame + 1) % FRAMES.len();
        let frame = FRAMES.get(self.frame).copied().unwrap_or("·");
        let seconds = now.duration_since(self.started).as_secs();
        let room = self.terminal.width.saturating_sub(8);
        let text: String = what
            .chars()
            .filter(|letter| !letter.is_control())
            .take(room)
            .collect();
        self.terminal
            .complain(&format!("\r\x1b[2K{frame} {text} {seconds}s"));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            self.terminal.complain("\r\x1b[2K");
        }
    }
}
