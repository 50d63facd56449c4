//! The SQLite dialect on a real SQLite: what it builds holds, what breaks a rule is refused, and what is read back is the same.

mod behaviours;
mod catalog;
mod expressions;
mod scripts;
mod shop;
mod storage;
mod support;
