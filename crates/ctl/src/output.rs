//! Printing: rows and records as table, JSON, CSV or bare values.
//!
//! Columns have a heading for people and a path into the record; `-c` takes either. JSON keeps the API's keys.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Result;
use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Map, Value};

use crate::usage::usage;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // For people.
    Table,
    // Everything the API said.
    Json,
    // Comma-separated, with a heading.
    Csv,
    // Values only, separated by tabs.
    Value,
}

/// How a value is written for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// As it is.
    Plain,
    /// Bytes as MiB.
    Mib,
    /// Bytes in the largest unit that leaves a whole number before the point.
    Bytes,
    /// A job's status number as a word.
    JobStatus,
}

/// One column: heading, path (`nic.ipaddress` looks into every item of a list), unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column(pub(crate) &'static str, pub(crate) &'static str, pub(crate) Unit);

/// A plain column.
pub(crate) const fn column(heading: &'static str, path: &'static str) -> Column {
    Column(heading, path, Unit::Plain)
}

/// What the user asked for about printing.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) format: Option<Format>,
    pub(crate) columns: Vec<String>,
    pub(crate) quiet: bool,
}

/// A column in use.
struct Shown {
    heading: String,
    path: String,
    unit: Unit,
}

impl Output {
    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or(Format::Table)
    }

    /// The same with a column for each plain field of the first row, unless columns were asked for.
    pub(crate) fn with_plain_fields(&self, rows: &[Value]) -> Self {
        let mut output = self.clone();
        if let (true, Some(Value::Object(fields))) = (self.columns.is_empty(), rows.first()) {
            let plain = fields.iter().filter(|(_, value)| !value.is_object() && !value.is_array());
            output.columns = plain.map(|(name, _)| name.clone()).collect();
        }
        output
    }

    /// Prints a list.
    pub(crate) fn rows(&self, rows: &[Value], columns: &[Column]) -> Result<()> {
        let shown = self.shown(rows, columns)?;
        if self.quiet {
            return lines(rows.iter().map(id_of));
        }
        let cells = || rows.iter().map(|row| shown.iter().map(|column| column.cell(row)));
        match self.format() {
            Format::Json => self.json(&rows.iter().map(|row| self.picked(row, &shown)).collect()),
            Format::Table => table(shown.iter().map(|c| c.heading.clone()), cells()),
            Format::Csv => {
                let heading = csv(shown.iter().map(|column| column.heading.clone()));
                lines(std::iter::once(heading).chain(cells().map(csv)))
            }
            Format::Value => lines(cells().map(tabbed)),
        }
    }

    /// Prints one record: a line for each field.
    pub(crate) fn record(&self, record: &Value, columns: &[Column]) -> Result<()> {
        let row = std::slice::from_ref(record);
        let shown = self.shown(row, columns)?;
        if self.quiet {
            return lines([id_of(record)]);
        }
        match self.format() {
            Format::Json => self.json(&self.picked(record, &shown)),
            Format::Csv => self.rows(row, columns),
            Format::Value => lines(shown.iter().map(|column| column.cell(record))),
            Format::Table => {
                let fields = shown.iter().filter_map(|column| {
                    let cell = column.cell(record);
                    let wanted = !cell.is_empty() || !self.columns.is_empty();
                    wanted.then(|| [column.heading.clone(), cell].into_iter())
                });
                table(["FIELD".to_owned(), "VALUE".to_owned()].into_iter(), fields)
            }
        }
    }

    /// Says that something was done: a sentence for people, `{"success":true}` for programs.
    pub(crate) fn done(&self, sentence: &str, result: &Value) -> Result<()> {
        match self.format() {
            _ if self.quiet => Ok(()),
            Format::Json => self.json(result),
            Format::Table => lines([sentence.to_owned()]),
            Format::Csv | Format::Value => self.record(result, &[column("SUCCESS", "success")]),
        }
    }

    /// Prints text that someone else wrote: as it is into a file or pipe, without what could drive a terminal onto one.
    pub(crate) fn text(text: &str) -> Result<()> {
        let text = text.replace("\r\n", "\n");
        let shown = if io::stdout().is_terminal() { tame(&text) } else { text };
        lines([shown.trim_end_matches('\n').to_owned()])
    }

    /// Prints JSON for people and programs alike.
    #[allow(clippy::unused_self)] // beside the other forms
    pub(crate) fn json(&self, value: &Value) -> Result<()> {
        lines([format!("{value:#}")])
    }

    fn shown(&self, rows: &[Value], columns: &[Column]) -> Result<Vec<Shown>> {
        if self.columns.is_empty() {
            let shown = |column: &Column| Shown {
                heading: column.0.to_owned(),
                path: column.1.to_owned(),
                unit: column.2,
            };
            return Ok(columns.iter().map(shown).collect());
        }
        self.columns.iter().map(|wanted| self.one_shown(wanted, rows, columns)).collect()
    }

    fn one_shown(&self, wanted: &str, rows: &[Value], columns: &[Column]) -> Result<Shown> {
        let declared = columns.iter().find(|Column(heading, path, _)| {
            heading.eq_ignore_ascii_case(wanted) || path.eq_ignore_ascii_case(wanted)
        });
        if let Some(Column(heading, path, unit)) = declared {
            let raw = self.format() != Format::Table && path.eq_ignore_ascii_case(wanted);
            let unit = if raw { Unit::Plain } else { *unit };
            return Ok(Shown { heading: (*heading).to_owned(), path: (*path).to_owned(), unit });
        }
        let first = wanted.split('.').next().unwrap_or(wanted);
        let known = |row: &Value| row.as_object().is_some_and(|fields| fields.contains_key(first));
        if rows.is_empty() || rows.iter().any(known) {
            let (heading, path) = (wanted.to_owned(), wanted.to_owned());
            return Ok(Shown { heading, path, unit: Unit::Plain });
        }
        let known: Vec<_> = columns.iter().map(|column| column.0).collect();
        let fields = rows.iter().filter_map(Value::as_object).flat_map(Map::keys);
        let mut fields: Vec<_> = fields.map(String::as_str).collect();
        fields.sort_unstable();
        fields.dedup();
        Err(usage(format!(
            "there is no column {wanted}; columns: {}; fields: {}",
            known.join(", "),
            fields.join(", ")
        )))
    }

    /// The whole record, or only the fields that were asked for.
    fn picked(&self, record: &Value, shown: &[Shown]) -> Value {
        if self.columns.is_empty() {
            return record.clone();
        }
        shown
            .iter()
            .map(|column| {
                let found: Vec<_> = look(record, &column.path).into_iter().cloned().collect();
                let value = match <[Value; 1]>::try_from(found) {
                    Ok([one]) => one,
                    Err(many) if many.is_empty() => Value::Null,
                    Err(many) => many.into(),
                };
                (column.path.clone(), value)
            })
            .collect()
    }
}

impl Shown {
    fn cell(&self, row: &Value) -> String {
        let found: Vec<_> =
            look(row, &self.path).into_iter().map(|value| plain(value, self.unit)).collect();
        found.join(", ")
    }
}

/// What stands at `path`; a list on the way stands for each of its items.
fn look<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| look(item, path)).collect(),
        Value::Null => Vec::new(),
        _ if path.is_empty() => vec![value],
        _ => {
            let (field, rest) = path.split_once('.').unwrap_or((path, ""));
            value.get(field).map_or_else(Vec::new, |inner| look(inner, rest))
        }
    }
}

fn plain(value: &Value, unit: Unit) -> String {
    let text = match (unit, value) {
        (Unit::Mib, Value::Number(bytes)) => {
            bytes.as_u64().map_or_else(|| bytes.to_string(), |bytes| (bytes >> 20).to_string())
        }
        (Unit::Bytes, Value::Number(bytes)) => {
            bytes.as_u64().map_or_else(|| bytes.to_string(), in_largest_unit)
        }
        (Unit::JobStatus, Value::Number(status)) => match status.as_u64() {
            Some(0) => "pending".to_owned(),
            Some(1) => "done".to_owned(),
            Some(2) => "failed".to_owned(),
            Some(3) => "cancelled".to_owned(),
            _ => status.to_string(),
        },
        (_, Value::String(text)) => text.clone(),
        (_, Value::Object(fields)) => match fields.get("name") {
            Some(Value::String(name)) => name.clone(),
            _ => value.to_string(),
        },
        _ => value.to_string(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `1.5 GiB`, `96 MiB`, `0 B`.
fn in_largest_unit(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut power = 0;
    while power + 1 < UNITS.len() && bytes >> (10 * (power + 1)) > 0 {
        power += 1;
    }
    let one = 1_u64 << (10 * power);
    let (whole, tenths) = (bytes / one, bytes % one * 10 / one);
    match tenths {
        0 => format!("{whole} {}", UNITS[power]),
        _ => format!("{whole}.{tenths} {}", UNITS[power]),
    }
}

fn id_of(row: &Value) -> String {
    ["id", "jobid", "name"]
        .iter()
        .find_map(|key| row.get(key).and_then(Value::as_str))
        .unwrap_or_default()
        .to_owned()
}

fn table(
    heading: impl Iterator<Item = String>,
    rows: impl Iterator<Item = impl Iterator<Item = String>>,
) -> Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heading.collect::<Vec<_>>());
    for row in rows {
        table.add_row(row.collect::<Vec<_>>());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    lines([table.trim_fmt()])
}

/// One line of RFC 4180.
fn csv(cells: impl Iterator<Item = String>) -> String {
    let quote = |cell: String| match cell.find(['"', ',', '\n', '\r']) {
        Some(_) => format!("\"{}\"", cell.replace('"', "\"\"")),
        None => cell,
    };
    let quoted = cells.map(quote);
    quoted.collect::<Vec<_>>().join(",")
}

fn tabbed(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join("\t")
}

fn lines(lines: impl IntoIterator<Item = String>) -> Result<()> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

/// The text without escape sequences and other control characters.
fn tame(text: &str) -> String {
    let mut tame = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            if chars.next_if_eq(&'[').is_some() {
                while chars.next_if(|c| !('@'..='~').contains(c)).is_some() {}
            }
            chars.next(); // what ends the sequence
        } else if !c.is_control() || matches!(c, '\n' | '\t') {
            tame.push(c);
        }
    }
    tame
}

/// Whether the error is only that nobody reads any more.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_the_unit_that_people_think_in() {
        let shown = [0, 1023, 1024, 100_663_296, 1_610_612_736, 1 << 40].map(in_largest_unit);
        assert_eq!(shown, ["0 B", "1023 B", "1 KiB", "96 MiB", "1.5 GiB", "1 TiB"]);
    }

    #[test]
    fn text_for_a_terminal_has_no_escape_sequences() {
        let text = "\u{1b}[1;32mOK\u{1b}[0m\u{7}\tlogin:\u{1b}c\n\u{1b}[2";
        assert_eq!(tame(text), "OK\tlogin:\n");
    }
}
