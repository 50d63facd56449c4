//! What each database can hold, how it spells it, and how its catalog reads back.
