//! Counts into a beacon, through what its mode does to them.

use super::envelope::{Envelope, Mode};
use super::header::Header;
use super::vlq;
use crate::decision::Action;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_BEACON_BYTES, MAX_SUMMARY_LABELS, MIN_USERS, MS_PER_HOUR};
use crate::privacy::{Draw, Random, Shares, noise, respond};
use crate::summary::{Block, BlockKind, Layout};

/// Blocks that a client may be asked about in `randomized` mode: those in which each record has one
/// cell that says what came in or what went out.
pub const FEATURES: [BlockKind; 4] =
    [BlockKind::Input, BlockKind::Label, BlockKind::Action, BlockKind::Reason];

const HOURS_OF_A_DAY: f64 = 24.0;

/// What a client answers about: a place in the layout, all [`FEATURES`] alike.
///
/// # Errors
/// A source of randomness that fails.
pub fn pick_feature(layout: &Layout, random: &mut dyn Random) -> Result<u32> {
    let places = features(layout);
    let nth = Draw::new(random).below(places.len() as u64)?;
    let place = places.get(nth as usize).copied();
    place.ok_or_else(|| Error::new(ErrorCode::BadUsage, "there is nothing to ask about"))
}

fn features(layout: &Layout) -> Vec<u32> {
    let blocks = (0u32..).zip(layout.blocks());
    let fit = blocks.filter(|(_, block)| FEATURES.contains(&block.kind) && block.cells > 1);
    fit.map(|(place, _)| place).collect()
}

/// The beacon of a window's counts, as JSON; `None` if the mode lets nothing out: too few users, or
/// no record with the feature that is asked about.
///
/// # Errors
/// [`ErrorCode::BadUsage`] for a header that does not fit; [`ErrorCode::SummaryMismatch`] for other
/// cells than the layout's; [`ErrorCode::InputTooLarge`] past [`MAX_BEACON_BYTES`]; a source of
/// randomness that fails.
pub fn encode(
    counts: &[u64],
    layout: &Layout,
    identity: &str,
    header: &Header,
    random: &mut dyn Random,
) -> Result<Option<String>> {
    if counts.len() != layout.cells() {
        let message = format!("there are {} cells and not {}", counts.len(), layout.cells());
        return Err(Error::new(ErrorCode::SummaryMismatch, message));
    }
    let mut draw = Draw::new(random);
    let mut text = Text::new(identity, &layout.id(), header);
    match header.mode {
        Mode::Randomized => {
            let Some(block) = header.feature.filter(|place| features(layout).contains(place))
            else {
                let message = "the header names no block that a client may be asked about";
                return Err(Error::new(ErrorCode::BadUsage, message).at_path("feature"));
            };
            let Some(truth) = one_of(counts, layout, block, &mut draw)? else { return Ok(None) };
            let cells = layout.blocks().get(block as usize).map_or(0, |block| block.cells);
            let cell = respond(truth, cells, header.epsilon, &mut draw)?;
            text.number("epsilon", header.epsilon.milli());
            text.number("block", block);
            text.number("cell", cell);
        }
        Mode::Aggregated => {
            if header.users.is_none_or(|users| users < MIN_USERS) {
                return Ok(None);
            }
            let shares = Shares::new(layout, header.epsilon, header.bound)?;
            let mut noisy = String::new();
            for block in layout.blocks() {
                let Some(scale) = shares.scale(block) else { continue };
                for cell in 0..block.cells {
                    let count = count_of(counts, layout, block, cell);
                    vlq::push(&mut noisy, count.saturating_add(noise(scale, &mut draw)?));
                }
            }
            text.number("epsilon", header.epsilon.milli());
            text.number("bound", header.bound);
            text.word("counts", &noisy);
        }
        Mode::Pseudonymous => {
            let mut plain = String::new();
            for count in counts {
                vlq::push(&mut plain, i64::try_from(*count).unwrap_or(i64::MAX));
            }
            text.word("counts", &plain);
        }
    }
    let text = text.end();
    if text.len() > MAX_BEACON_BYTES {
        let message = format!(
            "the beacon has {} bytes, more than {MAX_BEACON_BYTES}: declare fewer segments or inputs",
            text.len()
        );
        return Err(Error::new(ErrorCode::InputTooLarge, message));
    }
    Ok(Some(text))
}

/// A record's cell of a block, all records of the window alike.
fn one_of(counts: &[u64], layout: &Layout, block: u32, draw: &mut Draw<'_>) -> Result<Option<u32>> {
    let Some(block) = layout.blocks().get(block as usize) else { return Ok(None) };
    let cells =
        counts.get(block.at as usize..(block.at + block.cells) as usize).unwrap_or_default();
    let total = cells.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
    if total == 0 {
        return Ok(None);
    }
    let mut nth = draw.below(total)?;
    for (cell, count) in (0u32..).zip(cells) {
        match nth.checked_sub(*count) {
            Some(rest) => nth = rest,
            None => return Ok(Some(cell)),
        }
    }
    Ok(None)
}

/// A count as `aggregated` mode sends it before the noise: sums of confidence in whole ones, so that
/// a record moves each by at most one; no metrics.
fn count_of(counts: &[u64], layout: &Layout, block: &Block, cell: u32) -> i64 {
    let count = counts.get((block.at + cell) as usize).copied().unwrap_or(0);
    let whole = match block.kind {
        BlockKind::ConfidenceSum => count.saturating_add(500_000) / 1_000_000,
        BlockKind::Segment => match part_of_segment(layout, block, cell) {
            Part::Count => count,
            Part::Confidence => count.saturating_add(500_000) / 1_000_000,
            Part::Metric => 0,
        },
        _ => count,
    };
    i64::try_from(whole).unwrap_or(i64::MAX)
}

enum Part {
    Count,
    Confidence,
    Metric,
}

/// Cells of a segment's value: the records, actions, labels and none, sums of confidence, wrong and
/// right, metrics.
fn part_of_segment(layout: &Layout, block: &Block, cell: u32) -> Part {
    let declared = layout.declared();
    let values = declared.segments.iter().find(|(name, _)| *name == block.name);
    let values = values.map_or(0, |(_, values)| values.len()) + 1;
    let stride = (block.cells as usize / values).max(1);
    let labels = layout.labels().len();
    let labels = if labels > MAX_SUMMARY_LABELS { 0 } else { labels };
    let sums = 1 + Action::ALL.len() + labels + 1;
    match cell as usize % stride {
        at if at < sums => Part::Count,
        at if at < sums + labels => Part::Confidence,
        at if at < sums + labels + 2 => Part::Count,
        _ => Part::Metric,
    }
}

/// JSON of words that need no escapes, which [`Header`] and the bundle's reader made sure of.
struct Text(String);

impl Text {
    fn new(identity: &str, layout: &str, header: &Header) -> Self {
        let mut text = Self(String::with_capacity(512));
        text.0.push('{');
        text.word("format", Envelope::FORMAT);
        text.word("id", &header.id);
        text.word("identity", identity);
        text.word("layout", layout);
        text.word("mode", header.mode.as_str());
        let randomized = header.mode == Mode::Randomized;
        let step = if randomized { HOURS_OF_A_DAY } else { 1.0 };
        let start = libm::floor(header.start_ms / MS_PER_HOUR / step) * step;
        let hours = libm::ceil((header.end_ms / MS_PER_HOUR - start) / step).max(1.0) * step;
        text.number("start", start as u32);
        // the day of a page that was open over midnight is that on which it began
        text.number("hours", if randomized { HOURS_OF_A_DAY as u32 } else { hours as u32 });
        if header.rate < 1.0 {
            text.number("rate", libm::round(header.rate * 1_000.0) as u32);
        }
        text.word("host", header.host.as_str());
        text.word("sdk", &header.sdk);
        if !randomized {
            if let Some(instance) = &header.instance {
                text.word("instance", instance);
            }
            if let Some(seq) = header.seq {
                text.number("seq", seq);
            }
        }
        if let Some(key) = &header.key {
            text.word("key", key);
        }
        text
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    fn word(&mut self, name: &str, word: &str) {
        self.name(name);
        self.0.push('"');
        self.0.push_str(word);
        self.0.push('"');
    }

    fn number(&mut self, name: &str, number: u32) {
        self.name(name);
        self.0.push_str(&number.to_string());
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
