//! Apache Parquet: typed columns become values as they are, without conversion.

use super::{Body, Row, Source};
use driftline::contract::{InputType, Value};
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
        Field::Bytes(b) => Value::Bytes(Cow::Owned(b.data().to_vec())),
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
