//! What the process has done since it began.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters, which only rise.
#[derive(Debug, Default)]
pub struct Meters {
    told: AtomicU64,
    untold: AtomicU64,
}

impl Meters {
    /// A try to tell a destination ended.
    pub fn tell(&self, taken: bool) {
        let counter = if taken { &self.told } else { &self.untold };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
