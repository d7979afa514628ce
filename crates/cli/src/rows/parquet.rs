//! Apache Parquet: typed columns become values as they are, without conversion.

use super::{Body, Row, Source};
use driftline::contract::{InputType, Value};
use driftline::tensor::TensorData;
use driftline::{Error, ErrorCode, Result};
use indicatif::ProgressBar;
use jiff::tz::TimeZone;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use std::borrow::Cow;
use std::fs::File;

/// Reads rows of cells.
pub struct Parquet {
    rows: RowIter<'static>,
    columns: Vec<String>,
    kinds: Vec<Kind>,
    row: u64,
    bar: ProgressBar,
}

/// How a column's cells are read where the stored type alone does not say it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Plain,
    /// Instants; `text` if the contract wants a timestamp there.
    Instant {
        nanoseconds: i128,
        text: bool,
    },
    /// Readings of an unknown clock.
    Clock {
        nanoseconds: i128,
    },
    /// A type whose zone or value is not certain.
    Refused(&'static str),
}

impl Parquet {
    /// Reads the schema; `kind_of` is the contract's type of a column.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] if the file is no Parquet.
    pub fn open(
        file: File,
        kind_of: &dyn Fn(&str) -> Option<InputType>,
        bar: ProgressBar,
    ) -> Result<Self> {
        let reader = SerializedFileReader::new(file).map_err(|e| fault(&e))?;
        let metadata = reader.metadata().file_metadata();
        bar.set_length(u64::try_from(metadata.num_rows()).unwrap_or(0));
        let fields = metadata.schema().get_fields();
        let columns: Vec<String> = fields.iter().map(|f| f.name().to_owned()).collect();
        let kinds = fields.iter().map(|f| kind(f, kind_of(f.name()))).collect();
        let rows = RowIter::from_file_into(Box::new(reader));
        Ok(Self { rows, columns, kinds, row: 0, bar })
    }
}

fn kind(field: &Type, wanted: Option<InputType>) -> Kind {
    if !field.is_primitive() {
        return Kind::Plain;
    }
    if field.get_physical_type() == Physical::INT96 {
        return Kind::Refused("timestamp of the deprecated type INT96");
    }
    let info = field.get_basic_info();
    let (utc, nanoseconds) = match (info.logical_type_ref(), info.converted_type()) {
        (Some(LogicalType::Timestamp(t)), _) => (
            t.is_adjusted_to_u_t_c,
            match t.unit {
                TimeUnit::MILLIS => 1_000_000,
                TimeUnit::MICROS => 1000,
                TimeUnit::NANOS => 1,
            },
        ),
        (None, ConvertedType::TIMESTAMP_MILLIS) => (true, 1_000_000),
        (None, ConvertedType::TIMESTAMP_MICROS) => (true, 1000),
        _ => return Kind::Plain,
    };
    if utc {
        Kind::Instant { nanoseconds, text: wanted == Some(InputType::Timestamp) }
    } else {
        Kind::Clock { nanoseconds }
    }
}

impl Source for Parquet {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self) -> Result<Option<Row>> {
        let Some(row) = self.rows.next() else { return Ok(None) };
        self.row += 1;
        self.bar.inc(1);
        let cells = row
            .map_err(|e| fault(&e).at_line(self.row, 1))?
            .into_columns()
            .into_iter()
            .zip(&self.kinds)
            .map(|((_, field), kind)| cell(field, *kind))
            .collect();
        Ok(Some(Row { line: self.row, body: Body::Cells(cells) }))
    }
}

fn cell(field: Field, kind: Kind) -> Value<'static> {
    if field == Field::Null {
        return Value::Null;
    }
    let ticks = match field {
        Field::Long(i) | Field::TimestampMillis(i) | Field::TimestampMicros(i) => i128::from(i),
        _ => 0,
    };
    match kind {
        Kind::Plain => plain(field),
        Kind::Refused(name) => Value::Other(name),
        Kind::Instant { nanoseconds, text: false } => {
            Value::Date((ticks * nanoseconds) as f64 / 1e6)
        }
        Kind::Instant { nanoseconds, .. } => match instant(ticks * nanoseconds) {
            Some(at) => text(at.to_string()),
            None => Value::Other("timestamp beyond the year 9999"),
        },
        Kind::Clock { nanoseconds } => match instant(ticks * nanoseconds) {
            Some(at) => text(at.to_zoned(TimeZone::UTC).datetime().to_string()),
            None => Value::Other("timestamp beyond the year 9999"),
        },
    }
}

fn instant(nanoseconds: i128) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_nanosecond(nanoseconds).ok()
}

fn text(text: String) -> Value<'static> {
    Value::Text(Cow::Owned(text))
}

fn plain(field: Field) -> Value<'static> {
    match field {
        Field::Null => Value::Null,
        Field::Bool(b) => Value::Bool(b),
        Field::Byte(i) => Value::Integer(i.into()),
        Field::Short(i) => Value::Integer(i.into()),
        Field::Int(i) => Value::Integer(i.into()),
        Field::Long(i) => Value::Integer(i),
        Field::UByte(i) => Value::Integer(i.into()),
        Field::UShort(i) => Value::Integer(i.into()),
        Field::UInt(i) => Value::Integer(i.into()),
        Field::ULong(i) => {
            i64::try_from(i).map_or(Value::Other("integer beyond 64 bits"), Value::Integer)
        }
        Field::Float16(x) => Value::Number(x.to_f64()),
        Field::Float(x) => Value::Number(x.into()),
        Field::Double(x) => Value::Number(x),
        Field::Str(t) => text(t),
        Field::Bytes(b) => Value::Typed(TensorData::Uint8(b.data().to_vec())),
        Field::Decimal(_) => Value::Other("decimal"),
        Field::Date(_) => Value::Other("date without a time"),
        Field::TimeMillis(_) | Field::TimeMicros(_) => Value::Other("time without a date"),
        Field::TimestampMillis(_) | Field::TimestampMicros(_) => Value::Other("timestamp"),
        Field::Group(row) => Value::Object(
            row.into_columns().into_iter().map(|(k, v)| (Cow::Owned(k), plain(v))).collect(),
        ),
        Field::ListInternal(list) => {
            Value::List(list.elements().iter().cloned().map(plain).collect())
        }
        Field::MapInternal(_) => Value::Other("map"),
    }
}

fn fault(error: &ParquetError) -> Error {
    Error::new(ErrorCode::BadInput, format!("the file is no readable Parquet: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    const SCHEMA: &str = "message rows {
        optional int64 seats;
        required double temp;
        required boolean late;
        optional binary carrier (utf8);
        required int64 at (timestamp(micros, true));
        required int64 clock (timestamp(nanos, false));
    }";

    /// Two rows; the second has no seats and no carrier.
    fn file() -> File {
        let file = tempfile::tempfile().unwrap();
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let properties = WriterProperties::builder()
            .set_compression(parquet::basic::Compression::SNAPPY)
            .build();
        let target = file.try_clone().unwrap();
        let mut writer = SerializedFileWriter::new(target, schema, Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let present: &[i16] = &[1, 0];
        macro_rules! column {
            ($type:ty, $values:expr, $levels:expr) => {{
                let mut column = group.next_column().unwrap().unwrap();
                column.typed::<$type>().write_batch($values, $levels, None).unwrap();
                column.close().unwrap();
            }};
        }
        column!(Int64Type, &[9_007_199_254_740_993], Some(present));
        column!(DoubleType, &[1.5, f64::NAN], None);
        column!(BoolType, &[true, false], None);
        column!(ByteArrayType, &[ByteArray::from("UA")], Some(present));
        column!(Int64Type, &[1_372_681_800_000_001, -1], None);
        column!(Int64Type, &[1_372_681_800_000_000_000, 0], None);
        group.close().unwrap();
        writer.close().unwrap();
        file
    }

    fn rows(wanted: Option<InputType>) -> Vec<Vec<Value<'static>>> {
        let mut source = Parquet::open(file(), &|_| wanted, ProgressBar::hidden()).unwrap();
        assert_eq!(source.columns(), ["seats", "temp", "late", "carrier", "at", "clock"]);
        let mut rows = Vec::new();
        while let Some(row) = source.next().unwrap() {
            assert_eq!(row.line, rows.len() as u64 + 1);
            let Body::Cells(cells) = row.body else { panic!("no cells") };
            rows.push(cells);
        }
        rows
    }

    #[test]
    fn typed_columns_become_values_without_conversion() {
        let rows = rows(Some(InputType::Timestamp));
        assert_eq!(
            rows[0],
            [
                Value::Integer(9_007_199_254_740_993),
                Value::Number(1.5),
                Value::Bool(true),
                text("UA".into()),
                text("2013-07-01T12:30:00.000001Z".into()),
                // a clock without a zone stays without an offset, which the validator refuses
                text("2013-07-01T12:30:00".into()),
            ]
        );
        assert_eq!((&rows[1][0], &rows[1][3]), (&Value::Null, &Value::Null));
        assert!(matches!(rows[1][1], Value::Number(x) if x.is_nan()));
        assert_eq!(rows[1][4], text("1969-12-31T23:59:59.999999Z".into()));
    }

    #[test]
    fn an_instant_is_no_text_where_the_contract_wants_another_type() {
        assert_eq!(rows(Some(InputType::Text))[0][4], Value::Date(1_372_681_800_000.001));
        assert_eq!(rows(None)[0][4], Value::Date(1_372_681_800_000.001));
    }

    #[test]
    fn what_is_no_parquet_is_refused() {
        let file = tempfile::tempfile().unwrap();
        let error = Parquet::open(file, &|_| None, ProgressBar::hidden()).err().unwrap();
        assert_eq!(error.code(), ErrorCode::BadInput);
    }
}
