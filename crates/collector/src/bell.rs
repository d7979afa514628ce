//! Wakes threads that wait, and ends them.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What threads wait for.
#[derive(Debug, Default)]
pub struct Bell {
    state: Mutex<(bool, u64)>,
    changed: Condvar,
}

impl Bell {
    /// Wakes those who wait; with `end` for the last time.
    pub fn ring(&self, end: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 |= end;
        state.1 = state.1.wrapping_add(1);
        self.changed.notify_all();
    }

    /// Waits for a ring after those that were `heard`, or for a time; false: it is the end.
    pub fn wait(&self, heard: &mut u64, time: Duration) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |state: &mut (bool, u64)| !state.0 && state.1 == *heard;
        let waited = self.changed.wait_timeout_while(state, time, quiet);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let (end, rings) = *state;
        *heard = rings;
        !end
    }
}
