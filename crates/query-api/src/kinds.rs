//! The kinds of parameters, and how each is read from its text.
//!
//! Not here: which command has which parameter (`declare`).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use crate::dates::{self, BareDate};
use crate::declare::{CommandDecl, ParamDecl, ParamType};
use crate::error::ApiError;
use crate::params::Params;

/// Fields under every index, in one map: `details[0].a=1&details[1].b=2`.
pub type MergedMap = BTreeMap<String, String>;
/// Fields under the lowest index only.
pub type FirstMap = BTreeMap<String, String>;
/// One map an index: `tags[0].key=k&tags[0].value=v`.
pub type Records = Vec<BTreeMap<String, String>>;

/// An id, or `-1`, which stands for all (`projectid=-1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdOrAll<T> {
    /// `-1`.
    All,
    /// One thing.
    Id(T),
}

impl<T: FromStr> FromStr for IdOrAll<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "-1" { Ok(Self::All) } else { text.parse().map(Self::Id) }
    }
}

/// The end of a span of time: a bare date means its last second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndDate(pub Timestamp);

/// One parameter of one request, about to be read.
#[derive(Debug, Clone, Copy)]
pub struct Slot<'a> {
    /// Everything that was sent.
    pub params: &'a Params,
    /// The command it belongs to.
    pub command: &'a CommandDecl,
    /// The parameter.
    pub param: &'a ParamDecl,
}

impl Slot<'_> {
    /// The error of a required parameter that is not there.
    pub fn missing(self) -> ApiError {
        ApiError::missing(self.command.name, self.param.name)
    }
}

impl<'a> Slot<'a> {
    fn text(self) -> Option<&'a str> {
        self.params.get_filled(self.param.name)
    }

    fn check_length(self, text: &str) -> Result<(), ApiError> {
        if text.chars().count() > self.param.max_length {
            return Err(ApiError::too_long(
                self.command.name,
                self.param.name,
                self.param.max_length,
            ));
        }
        Ok(())
    }

    fn parse<T: FromStr>(self, expected: &str) -> Result<Option<T>, ApiError> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                ApiError::invalid_value(self.command.name, self.param.name, text, expected)
            })
        };
        self.text().map(parse).transpose()
    }

    /// Whether its value is one of its type.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn check(self) -> Result<(), ApiError> {
        match self.param.kind {
            ParamType::Uuid => self.uuid::<Uuid>().map(drop),
            ParamType::String => self.string().map(drop),
            ParamType::Boolean => self.boolean().map(drop),
            ParamType::Integer => self.integer().map(drop),
            ParamType::Long => self.long().map(drop),
            ParamType::Double => self.double().map(drop),
            ParamType::Date => self.date().map(drop),
            ParamType::List => self.list::<String>().map(drop),
            ParamType::Map => self.map().map(drop),
        }
    }

    /// An id. Its text when it is none is the one clients know.
    pub fn uuid<T: FromStr>(self) -> Result<Option<T>, ApiError> {
        let parse = |text: &str| text.parse().map_err(|_| self.invalid_id(text));
        self.text().map(parse).transpose()
    }

    fn invalid_id(self, text: &str) -> ApiError {
        ApiError::invalid_id(self.command.name, self.param.name, text)
    }

    /// Text as it was sent, at most the declared length. Blank counts as absent when it is required.
    pub fn string(self) -> Result<Option<String>, ApiError> {
        let Some(text) = self.params.get(self.param.name) else { return Ok(None) };
        self.check_length(text)?;
        Ok(Some(text.to_owned()).filter(|text| !self.param.required || !text.trim().is_empty()))
    }

    /// One of a set of words. The error is the word type's own, which should name the words.
    pub fn choice<T>(self) -> Result<Option<T>, ApiError>
    where
        T: FromStr,
        T::Err: Display,
    {
        let parse = |text: &str| {
            self.check_length(text)?;
            text.parse().map_err(|expected: T::Err| {
                let expected = expected.to_string();
                ApiError::invalid_value(self.command.name, self.param.name, text, &expected)
            })
        };
        self.text().map(parse).transpose()
    }

    /// `true` in any case; anything else is false.
    #[allow(clippy::unnecessary_wraps)] // every kind has one signature
    pub fn boolean(self) -> Result<Option<bool>, ApiError> {
        Ok(self.text().map(|text| text.eq_ignore_ascii_case("true")))
    }

    /// A 32-bit number.
    pub fn integer(self) -> Result<Option<i32>, ApiError> {
        self.parse("an integer from -2147483648 to 2147483647")
    }

    /// A 64-bit number.
    pub fn long(self) -> Result<Option<i64>, ApiError> {
        self.parse("a whole number")
    }

    /// A finite decimal number.
    pub fn double(self) -> Result<Option<f64>, ApiError> {
        let number = self.parse::<f64>("a decimal number")?;
        match number.filter(|number| !number.is_finite()) {
            None => Ok(number),
            Some(odd) => Err(ApiError::invalid_value(
                self.command.name,
                self.param.name,
                &odd.to_string(),
                "a finite decimal number",
            )),
        }
    }

    /// A moment; a bare date is its first second.
    pub fn date(self) -> Result<Option<Timestamp>, ApiError> {
        self.moment(BareDate::StartOfDay)
    }

    /// A moment; a bare date is its last second.
    pub fn end_date(self) -> Result<Option<EndDate>, ApiError> {
        Ok(self.moment(BareDate::EndOfDay)?.map(EndDate))
    }

    fn moment(self, bare: BareDate) -> Result<Option<Timestamp>, ApiError> {
        let parse = |text: &str| {
            dates::parse(text, bare).ok_or_else(|| {
                let expected = "yyyy-MM-dd, yyyy-MM-dd HH:mm:ss or yyyy-MM-dd'T'HH:mm:ssZ";
                ApiError::invalid_value(self.command.name, self.param.name, text, expected)
            })
        };
        self.text().map(parse).transpose()
    }

    /// Parts between commas; empty ones are dropped. A part that is no `T` is an invalid id.
    pub fn list<T: FromStr>(self) -> Result<Option<Vec<T>>, ApiError> {
        let Some(text) = self.text() else { return Ok(None) };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let items: Vec<T> = parts
            .map(|part| {
                self.check_length(part)?;
                part.parse().map_err(|_| self.invalid_id(part))
            })
            .collect::<Result<_, _>>()?;
        Ok(Some(items).filter(|items| !items.is_empty()))
    }

    /// A map merged from every index.
    pub fn map(self) -> Result<Option<MergedMap>, ApiError> {
        self.plural(self.params.merged_map(self.param.name))
    }

    /// A map of the lowest index only.
    pub fn first_map(self) -> Result<Option<FirstMap>, ApiError> {
        self.plural(self.params.first_map(self.param.name))
    }

    /// One map an index.
    pub fn records(self) -> Result<Option<Records>, ApiError> {
        let records = self.params.records(self.param.name);
        if records.is_empty() {
            return self.plural(FirstMap::new()).map(|_| None);
        }
        Ok(Some(records))
    }

    /// A map that was sent as plain text has another form than it should.
    fn plural(self, map: BTreeMap<String, String>) -> Result<Option<MergedMap>, ApiError> {
        match self.text() {
            Some(_) if map.is_empty() => Err(ApiError::malformed_map(self.param.name)),
            _ => Ok(Some(map).filter(|map| !map.is_empty())),
        }
    }
}
