use super::{
    Encoder,
    text::{json_text, json_value},
};
use crate::feeds::{Column, Result, Row};

/// An object a line.
pub(super) struct Lines(Objects);

/// One array of objects.
pub(super) struct Array {
    objects: Objects,
    is_begun: bool,
}

struct Objects(Vec<&'static Column>);

impl Objects {
    fn write(&self, row: &Row, out: &mut Vec<u8>) -> Result<()> {
        for (place, (column, value)) in self.0.iter().zip(row).enumerate() {
            out.push(if place == 0 { b'{' } else { b',' });
            json_text(column.name, out)?;
            out.push(b':');
            json_value(value, out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

impl Lines {
    pub(super) fn new(columns: Vec<&'static Column>) -> Self {
        Self(Objects(columns))
    }
}

impl Encoder for Lines {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn rows(&mut self, rows: &[Row], out: &mut Vec<u8>) -> Result<()> {
        for row in rows {
            self.0.write(row, out)?;
            out.push(b'\n');
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}

impl Array {
    pub(super) fn new(columns: Vec<&'static Column>) -> Self {
        Self { objects: Objects(columns), is_begun: false }
    }
}

impl Encoder for Array {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<()> {
        out.push(b'[');
        Ok(())
    }

    fn rows(&mut self, rows: &[Row], out: &mut Vec<u8>) -> Result<()> {
        for row in rows {
            out.extend_from_slice(if self.is_begun { b",\n" } else { b"\n" });
            self.objects.write(row, out)?;
            self.is_begun = true;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(b"\n]\n");
        Ok(())
    }
}
