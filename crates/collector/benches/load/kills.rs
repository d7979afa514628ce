//! The collector is killed under load again and again. A client whose beacon was not answered sends it
//! again to the next collector, as the gate's sender does; at the end what was answered for must be
//! what is counted, exactly.

use super::process::{Kind, Process, Template, ask, connect};
use driftline_collector::store::{Store, is_whole};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const CLIENTS: usize = 32;

pub fn run(kills: u64) {
    let folder = TempDir::new().unwrap();
    let template = Template::new();
    let (next, acknowledged) = (AtomicU64::new(1), AtomicU64::new(0));
    // sent, and not answered when the collector was killed
    let open: Mutex<VecDeque<u64>> = Mutex::new(VecDeque::new());
    let (mut again, mut least) = (0, u64::MAX);
    for round in 0..=kills {
        let mut process = Process::start(Kind::Open, folder.path());
        let before = acknowledged.load(Ordering::Relaxed);
        again += open.lock().unwrap().len();
        let last = round == kills;
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let address = process.address.clone();
                let (open, stop, next) = (&open, &stop, &next);
                let (template, acknowledged) = (&template, &acknowledged);
                scope.spawn(move || {
                    let Some(mut stream) = connect(&address) else { return };
                    while !stop.load(Ordering::Relaxed) {
                        let old = open.lock().unwrap().pop_front();
                        // the last round only ends what is open
                        let n = match old {
                            Some(n) => n,
                            None if last => return,
                            None => next.fetch_add(1, Ordering::Relaxed),
                        };
                        if ask(&mut stream, template.request(n, "").as_bytes()) == Some(204) {
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                        } else {
                            open.lock().unwrap().push_back(n);
                            return;
                        }
                    }
                });
            }
            if !last {
                // at another moment each time
                std::thread::sleep(Duration::from_millis(150 + round * 37 % 211));
                process.kill();
                stop.store(true, Ordering::Relaxed);
            }
        });
        let answered = acknowledged.load(Ordering::Relaxed) - before;
        if !last {
            assert!(answered > 0, "round {round}: nothing was taken before the kill");
            least = least.min(answered);
            continue;
        }
        let (beacons, records) = process.totals();
        let answered = acknowledged.load(Ordering::Relaxed);
        println!("\n## Kills: SIGKILL under {CLIENTS} clients, {kills} times");
        println!("at least {least} answered between two kills; {again} open at a kill, sent again");
        println!("{answered} acknowledged, {beacons} counted");
        assert_eq!(open.lock().unwrap().len(), 0);
        assert_eq!(answered, next.load(Ordering::Relaxed) - 1, "one was not answered at last");
        assert_eq!(beacons, answered, "the totals are not what was acknowledged");
        assert_eq!(records, answered * super::common::RECORDS.unsigned_abs());
        process.kill();
    }
    let store = Store::open(folder.path()).unwrap();
    let whole = store.read(is_whole).unwrap();
    println!("integrity_check: {}", if whole { "ok" } else { "damaged" });
    assert!(whole);
}
