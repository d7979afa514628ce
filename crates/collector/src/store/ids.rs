//! Ids of beacons that were counted, each kept until no copy of it would be taken any more.
//!
//! Ids are random: put into the tree as they come, each would change a page of its own, and a commit
//! of many beacons as many pages all over the file. So a commit writes its ids as one row at the end
//! of `fresh`, and they are remembered here. When there are many they go into the tree `ids` in its
//! order, and each page is written once for all of them. What is in `fresh` is read again at the
//! start.

use super::{Fault, Stored};
use crate::limits::MAX_FRESH_IDS;
use rusqlite::{Connection, params};
use std::collections::HashSet;

/// Start of the window in hours since 1970, and the UUID. A copy has both of its original.
type Id = (i64, [u8; 16]);

/// Bytes of one in a row of `fresh`.
const WIDTH: usize = 24;

pub(super) struct Ids {
    fresh: HashSet<Id>,
    /// Those of the open transaction, in `fresh` too.
    open: Vec<Id>,
    /// Whether the open transaction put all of `fresh` into the tree.
    settled: bool,
    most: usize,
}

impl Ids {
    pub fn read(store: &Connection) -> Stored<Self> {
        Self::read_with(store, MAX_FRESH_IDS)
    }

    fn read_with(store: &Connection, most: usize) -> Stored<Self> {
        let mut fresh = HashSet::new();
        let mut rows = store.prepare("SELECT ids FROM fresh")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(0)?.as_blob().map_err(|_| Fault::Damaged("fresh ids"))?;
            let (each, rest) = bytes.as_chunks::<WIDTH>();
            if !rest.is_empty() {
                return Err(Fault::Damaged("fresh ids"));
            }
            fresh.extend(each.iter().filter_map(unpack));
        }
        Ok(Self { fresh, open: Vec::new(), settled: false, most })
    }

    /// Remembers an id in the open transaction; `false` if it was there.
    pub fn take(&mut self, store: &Connection, hour: i64, id: &str) -> Stored<bool> {
        let id = (hour, uuid(id).ok_or(Fault::Damaged("an id"))?);
        if self.fresh.contains(&id) {
            return Ok(false);
        }
        let mut old = store.prepare_cached("SELECT 1 FROM ids WHERE hour = ?1 AND id = ?2")?;
        if old.exists(params![id.0, id.1])? {
            return Ok(false);
        }
        self.fresh.insert(id);
        self.open.push(id);
        Ok(true)
    }

    /// Takes back the last that was taken.
    pub fn untake(&mut self) {
        if let Some(id) = self.open.pop() {
            self.fresh.remove(&id);
        }
    }

    /// Writes what was taken in the open transaction.
    pub fn write(&mut self, store: &Connection) -> Stored<()> {
        if !self.open.is_empty() {
            let bytes: Vec<u8> = self.open.iter().flat_map(pack).collect();
            store.prepare_cached("INSERT INTO fresh (ids) VALUES (?1)")?.execute([bytes])?;
        }
        if self.fresh.len() >= self.most { self.settle(store) } else { Ok(()) }
    }

    /// Puts all that is fresh into the tree.
    pub fn settle(&mut self, store: &Connection) -> Stored<()> {
        let mut all: Vec<&Id> = self.fresh.iter().collect();
        all.sort_unstable();
        let mut put = store.prepare_cached("INSERT INTO ids (hour, id) VALUES (?1, ?2)")?;
        for (hour, id) in all {
            put.execute(params![hour, id])?;
        }
        store.execute("DELETE FROM fresh", [])?;
        self.settled = true;
        Ok(())
    }

    /// The transaction is on the disk, or `undone`.
    pub fn ended(&mut self, undone: bool) {
        let settled = std::mem::take(&mut self.settled);
        if undone {
            for id in self.open.drain(..) {
                self.fresh.remove(&id);
            }
        } else if settled {
            self.fresh.clear();
        }
        self.open.clear();
    }
}

fn pack((hour, id): &Id) -> [u8; WIDTH] {
    let mut bytes = [0; WIDTH];
    for (to, from) in bytes.iter_mut().zip(hour.to_be_bytes().iter().chain(id)) {
        *to = *from;
    }
    bytes
}

fn unpack(bytes: &[u8; WIDTH]) -> Option<Id> {
    let (hour, id) = bytes.split_first_chunk()?;
    Some((i64::from_be_bytes(*hour), id.try_into().ok()?))
}

/// The bytes of a UUID.
pub(crate) fn uuid(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u32> =
        text.chars().filter(|c| *c != '-').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let mut bytes = [0; 16];
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    fn id(n: u32) -> String {
        // not in the order of n
        format!("{:08x}-0000-4000-8000-000000000000", n.wrapping_mul(0x9e37_79b9))
    }

    fn store() -> Connection {
        let mut store = Connection::open_in_memory().unwrap();
        schema::prepare(&mut store).unwrap();
        store
    }

    /// Takes these in one transaction: which were new.
    fn take(store: &mut Connection, ids: &mut Ids, which: &[u32], commit: bool) -> Vec<bool> {
        let change = store.transaction().unwrap();
        let new = which.iter().map(|n| ids.take(&change, i64::from(n % 3), &id(*n)).unwrap());
        let new = new.collect();
        ids.write(&change).unwrap();
        if commit {
            change.commit().unwrap();
        } else {
            change.rollback().unwrap();
        }
        ids.ended(!commit);
        new
    }

    fn rows(store: &Connection, table: &str) -> i64 {
        store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_id_is_new_once_before_and_after_it_is_in_the_tree_and_after_a_start() {
        let mut store = store();
        let mut ids = Ids::read_with(&store, 4).unwrap();
        assert_eq!(take(&mut store, &mut ids, &[1, 2, 1], true), [true, true, false]);
        assert_eq!((rows(&store, "fresh"), rows(&store, "ids")), (1, 0));
        let mut ids = Ids::read_with(&store, 4).unwrap();
        assert_eq!(take(&mut store, &mut ids, &[2, 3, 4], true), [false, true, true]);
        assert_eq!((rows(&store, "fresh"), rows(&store, "ids")), (0, 4));
        assert_eq!(take(&mut store, &mut ids, &[4, 1, 5], true), [false, false, true]);
        let mut ids = Ids::read_with(&store, 4).unwrap();
        assert_eq!(take(&mut store, &mut ids, &[1, 2, 3, 4, 5], true), [false; 5]);
    }

    #[test]
    fn a_transaction_that_fails_leaves_its_ids_new() {
        let mut store = store();
        let mut ids = Ids::read_with(&store, 3).unwrap();
        assert_eq!(take(&mut store, &mut ids, &[1, 2], true), [true, true]);
        // the failed one had put all into the tree
        assert_eq!(take(&mut store, &mut ids, &[2, 3, 4], false), [false, true, true]);
        assert_eq!((rows(&store, "fresh"), rows(&store, "ids")), (1, 0));
        assert_eq!(take(&mut store, &mut ids, &[1, 2, 3, 4], true), [false, false, true, true]);
        assert_eq!((rows(&store, "fresh"), rows(&store, "ids")), (0, 4));
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        assert_eq!(uuid("00000000-0000-4000-8000-0000000000ff").unwrap()[15], 255);
        for text in
            ["", "0", "00000000-0000-4000-8000-0000000000f", "zz000000-0000-4000-8000-0000000000ff"]
        {
            assert_eq!(uuid(text), None, "{text}");
        }
    }
}
