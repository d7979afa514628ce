//! The contract of rows takes those rows.

use super::{baseline, draft, profile, yaml};
use crate::definition::Source;
use crate::rows::{Input, Rows};
use driftline::ErrorCode;
use driftline::contract::{Contract, RecordReader, Validator};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Write as _;

/// Profiles the bytes and validates them with the contract that comes out, as YAML. Rows that are
/// refused by column, as the profile says and as they are; and whether there was a contract.
fn round(bytes: &[u8], ending: &str) -> Option<(BTreeMap<String, u64>, BTreeMap<String, u64>)> {
    let mut file = tempfile::Builder::new().suffix(ending).tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let input = Input::of(file.path());
    let done = profile(&input, None).unwrap();
    let again = profile(&input, None).unwrap();
    let json = serde_json::to_string(&done.profile).unwrap();
    assert_eq!(json, serde_json::to_string(&again.profile).unwrap(), "one file, one profile");
    let draft = draft(&done.profile, "drafted").ok()?;
    baseline(&done.profile, &draft).unwrap();
    let text = yaml(&draft).unwrap();
    let source = Source::parse("c.yaml".into(), text, ErrorCode::ContractSyntax).unwrap();
    let contract: Contract = source.value().unwrap();

    let said = done.profile.columns.iter().filter(|c| c.refused > 0);
    let said = said.map(|c| (c.name.clone(), c.refused)).collect();
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let (reader, validator) = (RecordReader::new(&contract), Validator::new(&contract).unwrap());
    let mut rows = Rows::open(&input, &contract).unwrap();
    let (mut good, mut bad) = (0, 0);
    while let Some(row) = rows.next().unwrap() {
        let Ok(record) = rows.record(&row, &reader) else {
            bad += 1;
            continue;
        };
        if record.not_a_record.is_some() {
            bad += 1;
            continue;
        }
        good += 1;
        let mut violations = Vec::new();
        validator.validate(record, &mut violations);
        let mut names: Vec<&str> = violations.iter().map(|v| &*v.input).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            *found.entry(name.to_owned()).or_default() += 1;
        }
    }
    assert_eq!((done.profile.rows, done.profile.unreadable), (good, bad));
    Some((said, found))
}

const CELLS: &[&str] = &[
    "",
    "0",
    "1",
    "-7",
    "-0",
    "1.5",
    "1e5",
    "1e999",
    "-1e999",
    "9007199254740993",
    "-9223372036854775808",
    "99999999999999999999",
    "true",
    "false",
    "TRUE",
    "yes",
    "NA",
    "NaN",
    "null",
    "-",
    " ",
    "x",
    " x",
    "x ",
    "2013-07-01T00:00:00Z",
    "2013-07-01T08:30:00.5-04:00",
    "2013-07-01T00:00:00",
    "2013-07-01",
    "0000-01-01T00:00:00+23:59",
    "a@b.org",
    "é日本",
    "\"quoted, comma\"",
    "\"line\nbreak\"",
    "\"\"",
    "007",
    "#",
    "'",
    "a: b",
    "- a",
    "4111111111111111",
];

const VALUES: &[&str] = &[
    "null",
    "0",
    "1",
    "-7",
    "-0",
    "1.5",
    "2.0",
    "1e5",
    "1e400",
    "9007199254740993",
    "99999999999999999999",
    "true",
    "false",
    "\"\"",
    "\"x\"",
    "\"1\"",
    "\"NA\"",
    "\" \"",
    "\"2013-07-01T00:00:00Z\"",
    "\"2013-07-01T00:00:00\"",
    "[1,2]",
    "{\"a\":1}",
    "\"\\ud800\"",
    "\"a\\u0000b\"",
    "\"x\",\"a\":\"y\"",
];

/// Columns that each draw from few of the values, so that some are of one type.
fn table(values: &'static [&'static str]) -> impl Strategy<Value = Vec<Vec<Option<&'static str>>>> {
    let pool = prop::collection::vec(prop::sample::select(values), 1..4);
    (prop::collection::vec(pool, 1..4), 1usize..40).prop_flat_map(|(pools, rows)| {
        let row: Vec<_> = pools
            .into_iter()
            .map(|pool| prop::option::weighted(0.95, prop::sample::select(pool)))
            .collect();
        prop::collection::vec(row, rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_csv_file_is_refused_just_where_the_profile_says(rows in table(CELLS)) {
        let names = ["a", "b", "c"].get(..rows[0].len()).unwrap();
        let mut text = names.join(",") + "\n";
        for row in &rows {
            let cells: Vec<&str> = row.iter().map(|c| c.unwrap_or("")).collect();
            text += &(cells.join(",") + "\n");
        }
        if let Some((said, found)) = round(text.as_bytes(), ".csv") {
            prop_assert_eq!(said, found, "{}", text);
        }
    }

    #[test]
    fn a_jsonl_file_is_refused_just_where_the_profile_says(rows in table(VALUES)) {
        let mut text = String::new();
        for row in &rows {
            let fields = row.iter().zip(["a", "b", "c"]);
            let fields: Vec<String> = fields
                .filter_map(|(v, name)| v.map(|v| format!("\"{name}\":{v}")))
                .collect();
            text += &format!("{{{}}}\n", fields.join(","));
        }
        if let Some((said, found)) = round(text.as_bytes(), ".jsonl") {
            prop_assert_eq!(said, found, "{}", text);
        }
    }

    #[test]
    fn no_bytes_make_a_profile_panic(bytes in prop::collection::vec(
        prop::sample::select(b"a1,\"\n\r\xff\xc3\xa9.-".to_vec()), 0..200))
    {
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        if let Ok(done) = profile(&Input::of(file.path()), None) {
            let mut rows = Rows::open_text(&Input::of(file.path())).unwrap();
            let (mut good, mut bad) = (0, 0);
            while let Some(row) = rows.next().unwrap() {
                if rows.cells(&row).is_ok() { good += 1 } else { bad += 1 }
            }
            prop_assert_eq!((done.profile.rows, done.profile.unreadable), (good, bad));
        }
    }
}

#[test]
fn halves_of_a_character_in_two_cells_are_no_text() {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    file.write_all(b"a,b\nx\xc3,\xa9y\nx,\xc3\xa9\n").unwrap();
    let done = profile(&Input::of(file.path()), None).unwrap();
    assert_eq!((done.profile.rows, done.profile.unreadable), (1, 1));
}

#[test]
fn many_blocks_and_lanes_count_as_one_reader_does() {
    let mut text = String::from("id,x,t,late\n");
    for i in 0..120_000u32 {
        let x = f64::from(i.wrapping_mul(2_654_435_769) >> 8) / 1000.0;
        let note = if i % 7 == 0 { format!("\"two\nlines {}\"", i % 50) } else { "plain".into() };
        text += &format!("{i},{x},{note},{}\n", x > 9_000.0);
        if i % 40_000 == 39_999 {
            text += "ragged,row\n";
        }
    }
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let done = profile(&Input::of(file.path()), Some("late")).unwrap();
    let p = &done.profile;
    assert_eq!((p.rows, p.unreadable), (120_000, 3));
    let lines: Vec<u64> = done.faults.iter().map(|e| e.place().line.unwrap()).collect();
    let ragged = text.lines().zip(1..).filter(|(l, _)| *l == "ragged,row").map(|(_, n)| n);
    assert_eq!(lines, ragged.collect::<Vec<u64>>());
    let [id, x, t, late] = p.columns.as_slice() else { panic!("{p:?}") };
    let numbers = id.numbers.as_ref().unwrap();
    assert_eq!((numbers.minimum, numbers.maximum, id.present), (0.0, 119_999.0, 120_000));
    assert!(id.distinct.abs_diff(120_000) < 8_000 && id.is(super::suspicion::What::IdLike));
    assert!((numbers.quantiles["p50"] - 60_000.0).abs() < 120_000.0 * 0.003);
    assert!(x.is(super::suspicion::What::LeaksTarget), "{x:?}");
    assert!(!id.is(super::suspicion::What::LeaksTarget));
    assert!(t.exact && t.distinct == 51);
    assert_eq!(late.present, 120_000);
}

#[test]
fn parquet_is_profiled_by_its_types() {
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use std::sync::Arc;

    let schema = "message rows {
        required int64 at (timestamp(millis, true));
        required int64 clock (timestamp(millis, false));
        required double x;
        optional binary code (utf8);
        required int64 price (decimal(10, 2));
    }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let file = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
    let target = file.reopen().unwrap();
    let properties = Arc::new(WriterProperties::default());
    let mut writer = SerializedFileWriter::new(target, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    macro_rules! column {
        ($type:ty, $values:expr, $levels:expr) => {{
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<$type>().write_batch($values, $levels, None).unwrap();
            column.close().unwrap();
        }};
    }
    let code = |t: &str| ByteArray::from(t);
    column!(Int64Type, &[0, 3_600_000, 1_372_681_800_000, -1], None);
    column!(Int64Type, &[0, 3_600_000, 1_372_681_800_000, -1], None);
    column!(DoubleType, &[1.5, f64::NAN, f64::INFINITY, -2.0], None);
    column!(ByteArrayType, &[code("12"), code("12"), code("x")], Some(&[1, 1, 0, 1]));
    column!(Int64Type, &[100, 250, 1, 2], None);
    group.close().unwrap();
    writer.close().unwrap();

    let done = profile(&Input::of(file.path()), None).unwrap();
    let types: Vec<_> = done.profile.columns.iter().map(|c| c.kind).collect();
    use driftline::contract::InputType::{Number, Text, Timestamp};
    assert_eq!(types, [Some(Timestamp), Some(Text), Some(Number), Some(Text), None]);
    let (said, found) = round(&std::fs::read(file.path()).unwrap(), ".parquet").unwrap();
    assert!(said.is_empty() && found.is_empty(), "{said:?} {found:?}");
}
