//! What a feed is written as: a file a format. Each writer takes rows as they come and gives bytes as they fill.

mod csv;
mod json;
mod parquet;
mod text;

pub use self::csv::csv_line;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream};

pub(super) use self::text::json_value;
use super::{Column, Feed, Position, Result, Row, Walk};

/// A format of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a header.
    Csv {
        /// Whether it begins with a byte-order mark, which Excel needs to read UTF-8.
        with_mark: bool,
    },
    /// A JSON object a line.
    Ndjson,
    /// One array of objects.
    Json,
    /// Apache Parquet, compressed with Zstandard.
    Parquet,
}

impl Format {
    /// Every format, by the end of its files' names.
    pub const ALL: [Self; 4] =
        [Self::Csv { with_mark: false }, Self::Ndjson, Self::Json, Self::Parquet];

    /// How names of its files end, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv { .. } => "csv",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }

    /// The format of files whose names end so.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv { .. } => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    fn encoder(self, columns: Vec<&'static Column>) -> Result<Box<dyn Encoder>> {
        Ok(match self {
            Self::Csv { with_mark } => Box::new(csv::Csv::new(columns, with_mark)),
            Self::Ndjson => Box::new(json::Lines::new(columns)),
            Self::Json => Box::new(json::Array::new(columns)),
            Self::Parquet => Box::new(parquet::Parquet::new(&columns)?),
        })
    }
}

/// Writes rows. What it has written so far is put at the end of `out`, which may be nothing yet.
trait Encoder: Send {
    /// What stands before the first row.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<()>;
    /// Some rows.
    fn rows(&mut self, rows: &[Row], out: &mut Vec<u8>) -> Result<()>;
    /// What stands after the last row.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<()>;
}

/// Rows that are taken at once; between two such batches other work of the process gets its turn.
const BATCH: usize = 1_000;

/// A feed as it is written: bytes, and how far it is.
pub struct Chunk {
    /// What is to be sent next.
    pub bytes: Bytes,
    /// How many of [`Feed::things`] are done.
    pub walked: usize,
}

struct Writing {
    walk: Walk,
    encoder: Box<dyn Encoder>,
    step: Step,
}

enum Step {
    Begin,
    Rows,
    Done,
}

/// Writes a feed. After an error nothing follows, and what was sent is not whole: whoever sends it has to break it off.
pub fn write(feed: &Arc<Feed>, format: Format) -> impl Stream<Item = Result<Chunk>> + Send + use<> {
    let walk = feed.walk(Position::default());
    let encoder = format.encoder(feed.table.columns().collect());
    let begin = async move { Ok(Writing { walk, encoder: encoder?, step: Step::Begin }) };
    let chunks = async move {
        let writing: Result<Writing> = begin.await;
        writing.map(|writing| {
            stream::try_unfold(writing, |mut writing| async move {
                loop {
                    if matches!(writing.step, Step::Done) {
                        return Ok(None);
                    }
                    let bytes = writing.step()?;
                    if !bytes.is_empty() {
                        let walked = writing.walk.walked();
                        return Ok(Some((Chunk { bytes: bytes.into(), walked }, writing)));
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
    };
    futures_util::TryStreamExt::try_flatten(stream::once(chunks))
}

impl Writing {
    fn step(&mut self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        match self.step {
            Step::Begin => {
                self.encoder.begin(&mut out)?;
                self.step = Step::Rows;
            }
            Step::Rows => {
                if let Some(rows) = self.walk.batch(BATCH)? {
                    let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
                    self.encoder.rows(&rows, &mut out)?;
                } else {
                    self.encoder.end(&mut out)?;
                    self.step = Step::Done;
                }
            }
            Step::Done => {}
        }
        Ok(out)
    }
}
