//! Reads any state: a folder of .arch files, SQL files, or a database.
