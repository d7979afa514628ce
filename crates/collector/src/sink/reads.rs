//! The store's questions, answered by ClickHouse.

use super::{Client, sql};
use crate::limits::{MAX_ROWS, MAX_SUMMED_ROWS};
use crate::store::{
    Counts, Definitions, Ends, Fault, Model, Reads, Registration, Stored, Window, grain, mode_of,
};
use driftline::beacon::Mode;
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};

/// ClickHouse as it is asked in one hour, which says what is a day by now.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'c> {
    client: &'c Client,
    ends: Ends,
}

impl<'c> Reader<'c> {
    pub(crate) fn new(client: &'c Client, ends: Ends) -> Self {
        Self { client, ends }
    }

    /// Asks about the windows of a span, of all identities if `identity` is empty.
    fn ask<T: serde::de::DeserializeOwned>(
        &self,
        query: &str,
        identity: &str,
        (from, to): (i64, i64),
        block: Option<u32>,
        take: impl FnMut(T) -> Stored<()>,
    ) -> Stored<()> {
        let ends = self.ends;
        // no window starts beyond what 32 bits hold
        let clamp = |hour: i64| hour.clamp(0, 1 << 32);
        let numbers = [
            ("param_from", clamp(from)),
            ("param_to", clamp(to)),
            ("param_hours", ends.hours),
            ("param_days", ends.days),
            ("param_forgotten", ends.months.unwrap_or(0)),
            ("param_settled", settled(self.client)?),
            ("param_block", block.map_or(-1, i64::from)),
            ("param_limit", MAX_ROWS + 1),
        ]
        .map(|(name, number)| (name, number.to_string()));
        let mut parameters = vec![("param_identity", identity)];
        parameters.extend(numbers.iter().map(|(name, number)| (*name, &**number)));
        self.client.ask(&sql::whole(query), &parameters, take)
    }
}

/// The last day whose sums are in `counts`. A day's beacons stay for a while after it was marked, so
/// that what was asked before still finds them.
fn settled(client: &Client) -> Stored<i64> {
    Ok(days(client, sql::SETTLED, ("param_day", "0"))?.last().copied().unwrap_or(0))
}

/// A number that comes as text, since JSON's may be rounded elsewhere.
fn number<'d, D: Deserializer<'d>>(from: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Number(i64),
        Text(String),
    }
    match Told::deserialize(from)? {
        Told::Number(number) => Ok(number),
        // a sum beyond 64 bits is an error here
        Told::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

fn perhaps<'d, D: Deserializer<'d>>(from: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    struct Number(#[serde(deserialize_with = "number")] i64);
    Ok(Option::<Number>::deserialize(from)?.map(|Number(number)| number))
}

fn numbers<'d, D: Deserializer<'d>>(from: D) -> Result<BTreeMap<u64, i64>, D::Error> {
    let told = BTreeMap::<String, serde_json::Value>::deserialize(from)?;
    let one =
        |(at, value): (String, serde_json::Value)| Some((at.parse().ok()?, number(value).ok()?));
    let all: Option<_> = told.into_iter().map(one).collect();
    all.ok_or_else(|| serde::de::Error::custom("a map has no numbers"))
}

/// What tells windows apart.
#[derive(Deserialize)]
struct Key {
    layout: String,
    #[serde(deserialize_with = "number")]
    grain: i64,
    #[serde(deserialize_with = "number")]
    start: i64,
    mode: i64,
    epsilon: u32,
    bound: u32,
}

impl Key {
    fn mode(&self) -> Stored<Mode> {
        mode_of(self.mode).ok_or(Fault::Damaged("a mode"))
    }
}

impl Reads for Reader<'_> {
    fn models(&self) -> Stored<Vec<Model>> {
        #[derive(Deserialize)]
        struct Row {
            identity: String,
            layout: String,
            name: String,
            #[serde(deserialize_with = "number")]
            registered: i64,
            #[serde(deserialize_with = "perhaps")]
            newest: Option<i64>,
            #[serde(deserialize_with = "number")]
            beacons: i64,
            #[serde(deserialize_with = "number")]
            records: i64,
        }
        let mut models = Vec::new();
        self.ask(sql::MODELS, "", (0, i64::MAX), None, |row: Row| {
            let Row { identity, name, layout, registered, newest, beacons, records } = row;
            models.push(Model { identity, name, layout, registered, newest, beacons, records });
            Ok(())
        })?;
        Ok(models)
    }

    fn definitions(&self, identity: &str) -> Stored<Vec<Definitions>> {
        let told = registrations(self.client, identity)?;
        let one = |(model, importance): (Registration, Option<String>)| Definitions {
            name: model.name,
            layout: model.layout,
            summary: model.summary,
            contract: model.contract,
            baseline: model.baseline,
            importance,
        };
        Ok(told.into_iter().map(one).collect())
    }

    fn windows(&self, identity: &str, from: i64, to: i64) -> Stored<Vec<Window>> {
        #[derive(Deserialize)]
        struct Row {
            #[serde(flatten)]
            key: Key,
            #[serde(deserialize_with = "number")]
            beacons: i64,
            #[serde(deserialize_with = "number")]
            records: i64,
        }
        let mut all = Vec::new();
        self.ask(sql::WINDOWS, identity, (from, to), None, |row: Row| {
            all.push(Window {
                mode: row.key.mode()?,
                grain: grain(row.key.grain),
                layout: row.key.layout,
                start: row.key.start,
                epsilon: row.key.epsilon,
                bound: row.key.bound,
                beacons: row.beacons,
                records: row.records,
            });
            if all.len() as i64 > MAX_ROWS { Err(Fault::TooManyRows) } else { Ok(()) }
        })?;
        Ok(all)
    }

    fn counts(
        &self,
        identity: &str,
        from: i64,
        to: i64,
        block: Option<u32>,
    ) -> Stored<Vec<Counts>> {
        let mut all = Vec::new();
        self.rows(identity, (from, to), block, &mut |row| {
            all.push(row);
            if all.len() as i64 > MAX_ROWS { Err(Fault::TooManyRows) } else { Ok(()) }
        })?;
        Ok(all)
    }

    fn each_count(
        &self,
        (identity, layout): (&str, &str),
        span: (i64, i64),
        take: &mut dyn FnMut(Counts) -> Stored<()>,
    ) -> Stored<()> {
        let mut taken = 0;
        self.rows(identity, span, None, &mut |row| {
            taken += 1;
            if taken > MAX_SUMMED_ROWS {
                return Err(Fault::TooManyRows);
            }
            if row.layout == layout { take(row) } else { Ok(()) }
        })
    }
}

impl Reader<'_> {
    /// The sums of each block.
    fn rows(
        &self,
        identity: &str,
        (from, to): (i64, i64),
        block: Option<u32>,
        take: &mut dyn FnMut(Counts) -> Stored<()>,
    ) -> Stored<()> {
        #[derive(Deserialize)]
        struct Row {
            #[serde(flatten)]
            key: Key,
            #[serde(deserialize_with = "numbers")]
            reports: BTreeMap<u64, i64>,
            #[serde(deserialize_with = "numbers")]
            cells: BTreeMap<u64, i64>,
        }
        // cells that are 0 do not come; the layouts say how many there are
        let mut widths = BTreeMap::new();
        for (model, _) in registrations(self.client, identity)? {
            widths.insert(model.layout, model.blocks);
        }
        self.ask(sql::COUNTS, identity, (from, to), block, |row: Row| {
            let blocks = widths.get(&row.key.layout).ok_or(Fault::Damaged("a layout"))?;
            for (block, reports) in &row.reports {
                let block = u32::try_from(*block).map_err(|_| Fault::Damaged("counts"))?;
                let (_, width) = blocks.get(block as usize).ok_or(Fault::Damaged("counts"))?;
                let first = u64::from(block) << 32;
                let cell = |at: u32| row.cells.get(&(first + u64::from(at))).copied().unwrap_or(0);
                take(Counts {
                    mode: row.key.mode()?,
                    layout: row.key.layout.clone(),
                    grain: grain(row.key.grain),
                    start: row.key.start,
                    epsilon: row.key.epsilon,
                    bound: row.key.bound,
                    block,
                    reports: *reports,
                    cells: (0..*width).map(cell).collect(),
                })?;
            }
            Ok(())
        })
    }
}

/// What collectors told ClickHouse of an identity, or of all if it is empty, with the importance of
/// inputs; oldest first.
pub(super) fn registrations(
    client: &Client,
    identity: &str,
) -> Stored<Vec<(Registration, Option<String>)>> {
    #[derive(Deserialize)]
    struct Row {
        identity: String,
        layout: String,
        first_name: String,
        contract_text: String,
        baseline_text: Option<String>,
        summary_text: String,
        importance_text: Option<String>,
    }
    let mut all = Vec::new();
    client.ask(sql::DEFINITIONS, &[("param_identity", identity)], |row: Row| {
        let blocks = crate::store::blocks(&row.summary_text).ok_or(Fault::Damaged("a layout"))?;
        let registration = Registration {
            identity: row.identity,
            layout: row.layout,
            name: row.first_name,
            contract: row.contract_text,
            baseline: row.baseline_text,
            summary: row.summary_text,
            blocks,
        };
        all.push((registration, row.importance_text));
        Ok(())
    })?;
    Ok(all)
}

/// Puts days into `counts` of which no copy of a beacon can come any more, and forgets beacons of days
/// that were marked `grace` seconds ago. Any number of collectors may do so at once: a day has one
/// token, and its rows are read from `beacons` until the day is marked. Days that end
/// at `before` or earlier, in hours since 1970, are over.
///
/// # Errors
/// [`Fault::Sink`]; what was begun is ended by the next call.
pub(crate) fn settle(client: &Client, before: i64, grace: u64) -> Stored<Vec<i64>> {
    let marked = settled(client)?;
    let grace = grace.to_string();
    let over = days(client, sql::OVER, ("param_grace", &grace))?;
    let last = (before.div_euclid(24) - 1).to_string();
    let mut done = Vec::new();
    for day in days(client, sql::OPEN_DAYS, ("param_last", &last))? {
        if day <= marked {
            if over.contains(&day) {
                client.change(&format!("ALTER TABLE beacons DROP PARTITION {day}"), &[])?;
            }
            continue;
        }
        let number = day.to_string();
        // it may have been summed by a call that ended before it could mark the day
        if days(client, sql::SUMMED, ("param_day", &number))?.is_empty() {
            let token = format!("settle-{day}");
            let pairs = [
                ("param_day", &*number),
                ("insert_deduplication_token", &*token),
                ("insert_deduplicate", "1"),
                ("max_insert_threads", "1"),
            ];
            client.change(sql::SETTLE, &pairs)?;
        }
        client.change(sql::MARK, &[("param_day", &*number)])?;
        done.push(day);
    }
    Ok(done)
}

/// Drops sums of hours before `end`, by months of 31 days: those that are whole before it.
///
/// # Errors
/// [`Fault::Sink`].
pub(crate) fn forget(client: &Client, end: i64) -> Stored<()> {
    for part in days(client, sql::FORGOTTEN, ("param_forgotten", &end.to_string()))? {
        client.change(&format!("ALTER TABLE counts DROP PARTITION {part}"), &[])?;
    }
    Ok(())
}

/// The numbers that a statement finds, of days or months.
fn days(client: &Client, query: &str, parameter: (&str, &str)) -> Stored<BTreeSet<i64>> {
    #[derive(Deserialize)]
    struct Day {
        #[serde(deserialize_with = "number")]
        day: i64,
    }
    let mut days = BTreeSet::new();
    client.ask(query, &[parameter], |row: Day| {
        days.insert(row.day);
        Ok(())
    })?;
    Ok(days)
}
