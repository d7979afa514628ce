//! What `driftline drift` reads and writes; the statistics are the library's.

pub mod beacons;
pub mod counts;
pub mod offline;
pub mod page;
pub mod table;
