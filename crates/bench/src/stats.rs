//! Medians, and lines of a table.

use std::time::{Duration, Instant};

/// The median of several runs, after one that does not count.
pub(crate) fn median<T>(runs: usize, mut work: impl FnMut() -> T) -> Duration {
    drop(work());
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let started = Instant::now();
            let answer = work();
            let took = started.elapsed();
            drop(answer);
            took
        })
        .collect();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// One line: what, how much, and what is promised.
pub(crate) fn line(what: &str, figure: &str, promise: &str) {
    println!("  {what:<44} {figure:>12}   {promise}");
}

/// Milliseconds.
pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// The most memory that this process ever had, in MB.
pub(crate) fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
