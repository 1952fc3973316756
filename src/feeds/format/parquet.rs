use std::sync::Arc;

use ::parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    column::writer::ColumnWriter,
    data_type::{ByteArray, FixedLenByteArray},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::{Type, TypePtr},
};
use rust_decimal::Decimal;

use super::Encoder;
use crate::feeds::{Column, Error, Kind, Result, Row, Value};

/// Parquet in row groups of [`GROUP`] rows, which are held until they are full: that is what a feed's memory comes to.
pub(super) struct Parquet {
    /// `None` when the end has been written.
    file: Option<SerializedFileWriter<Vec<u8>>>,
    columns: Vec<Filling>,
    rows: usize,
}

/// Rows of a group: enough for dictionaries and compression to work, few enough to be held a few times over.
const GROUP: usize = 32_768;
/// Digits of a decimal, which 16 bytes hold.
const PRECISION: i32 = 38;

/// What a group has in one column so far.
struct Filling {
    values: Values,
    /// 1 for a value and 0 for null; `None` where the column has no null.
    present: Option<Vec<i16>>,
}

enum Values {
    Text(Vec<ByteArray>),
    Integer(Vec<i64>),
    Decimal(Vec<FixedLenByteArray>),
    Float(Vec<f64>),
    Boolean(Vec<bool>),
    Instant(Vec<i64>),
    Date(Vec<i32>),
}

impl Parquet {
    pub(super) fn new(columns: &[&'static Column]) -> Result<Self> {
        let fields: Result<Vec<TypePtr>> = columns.iter().map(|column| field(column)).collect();
        let schema = Type::group_type_builder("feed").with_fields(fields?).build();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(<_>::default()))
            .set_created_by(concat!("headcount ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let schema = Arc::new(schema.map_err(failed)?);
        let file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties));
        let file = Some(file.map_err(failed)?);
        Ok(Self {
            file,
            columns: columns.iter().map(|column| Filling::of(column)).collect(),
            rows: 0,
        })
    }

    fn flush_group(&mut self) -> Result<()> {
        let Some(file) = self.file.as_mut().filter(|_| self.rows > 0) else { return Ok(()) };
        let mut group = file.next_row_group().map_err(failed)?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column().map_err(failed)? else { break };
            column.write(writer.untyped()).map_err(failed)?;
            writer.close().map_err(failed)?;
        }
        group.close().map_err(failed)?;
        self.rows = 0;
        Ok(())
    }
}

impl Encoder for Parquet {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn rows(&mut self, rows: &[Row], out: &mut Vec<u8>) -> Result<()> {
        for row in rows {
            for (column, value) in self.columns.iter_mut().zip(row) {
                column.push(value);
            }
            self.rows += 1;
            if self.rows == GROUP {
                self.flush_group()?;
            }
        }
        if let Some(file) = &mut self.file {
            out.append(file.inner_mut());
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.flush_group()?;
        if let Some(file) = self.file.take() {
            out.append(&mut file.into_inner().map_err(failed)?);
        }
        Ok(())
    }
}

fn field(column: &Column) -> Result<TypePtr> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Integer => (Physical::INT64, None),
        Kind::Decimal => (
            Physical::FIXED_LEN_BYTE_ARRAY,
            Some(LogicalType::decimal(Value::SCALE.cast_signed(), PRECISION)),
        ),
        Kind::Float => (Physical::DOUBLE, None),
        Kind::Boolean => (Physical::BOOLEAN, None),
        Kind::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
    };
    let repetition = if column.is_nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let mut builder = Type::primitive_type_builder(column.name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical);
    if column.kind == Kind::Decimal {
        builder = builder
            .with_length(16)
            .with_precision(PRECISION)
            .with_scale(Value::SCALE.cast_signed());
    }
    Ok(Arc::new(builder.build().map_err(failed)?))
}

impl Filling {
    fn of(column: &Column) -> Self {
        let values = match column.kind {
            Kind::Text => Values::Text(Vec::new()),
            Kind::Integer => Values::Integer(Vec::new()),
            Kind::Decimal => Values::Decimal(Vec::new()),
            Kind::Float => Values::Float(Vec::new()),
            Kind::Boolean => Values::Boolean(Vec::new()),
            Kind::Instant => Values::Instant(Vec::new()),
            Kind::Date => Values::Date(Vec::new()),
        };
        Self { values, present: column.is_nullable.then(Vec::new) }
    }

    /// The feed has checked that the value fits the column.
    fn push(&mut self, value: &Value) {
        if let Some(present) = &mut self.present {
            present.push(i16::from(*value != Value::Null));
        }
        match (&mut self.values, value) {
            (Values::Text(list), Value::Text(text)) => list.push(ByteArray::from(&**text)),
            (Values::Integer(list), Value::Integer(number)) => list.push(*number),
            (Values::Decimal(list), Value::Decimal(number)) => list.push(fixed(*number)),
            (Values::Float(list), Value::Float(number)) => list.push(*number),
            (Values::Boolean(list), Value::Boolean(value)) => list.push(*value),
            (Values::Instant(list), Value::Instant(instant)) => list.push(instant.as_microsecond()),
            (Values::Date(list), Value::Date(day)) => {
                let since = jiff::civil::date(1970, 1, 1).until(*day);
                list.push(since.map_or(0, |span| span.get_days()));
            }
            _ => {}
        }
    }

    fn write(&mut self, writer: &mut ColumnWriter<'_>) -> std::result::Result<(), ParquetError> {
        let present = self.present.as_deref();
        match (&mut self.values, writer) {
            (Values::Text(list), ColumnWriter::ByteArrayColumnWriter(to)) => {
                to.write_batch(list, present, None)?;
                list.clear();
            }
            (
                Values::Integer(list) | Values::Instant(list),
                ColumnWriter::Int64ColumnWriter(to),
            ) => {
                to.write_batch(list, present, None)?;
                list.clear();
            }
            (Values::Decimal(list), ColumnWriter::FixedLenByteArrayColumnWriter(to)) => {
                to.write_batch(list, present, None)?;
                list.clear();
            }
            (Values::Float(list), ColumnWriter::DoubleColumnWriter(to)) => {
                to.write_batch(list, present, None)?;
                list.clear();
            }
            (Values::Boolean(list), ColumnWriter::BoolColumnWriter(to)) => {
                to.write_batch(list, present, None)?;
                list.clear();
            }
            (Values::Date(list), ColumnWriter::Int32ColumnWriter(to)) => {
                to.write_batch(list, present, None)?;
                list.clear();
            }
            _ => return Err(ParquetError::General("a column of another type".to_owned())),
        }
        if let Some(present) = &mut self.present {
            present.clear();
        }
        Ok(())
    }
}

/// The unscaled number in two's complement, the greatest byte first.
fn fixed(mut number: Decimal) -> FixedLenByteArray {
    number.rescale(Value::SCALE);
    ByteArray::from(number.mantissa().to_be_bytes().to_vec()).into()
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands on")]
fn failed(error: ParquetError) -> Error {
    Error::Format(error.to_string())
}
