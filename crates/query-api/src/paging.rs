//! `page` and `pagesize` of list commands.

use crate::error::{ApiError, Status};
use crate::params::Params;

/// Most rows in a page, and the number of rows when no page is asked for.
pub const MAX_PAGE_SIZE: u32 = 500;

/// Which rows of a list are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// Nothing was said: the first [`MAX_PAGE_SIZE`] rows.
    Default,
    /// `pagesize=-1`: every row.
    Unlimited,
    /// Page `number`, counted from 1, of `size` rows.
    Page {
        /// From 1.
        number: u32,
        /// 1 to [`MAX_PAGE_SIZE`].
        size: u32,
    },
}

impl Paging {
    /// Reads `page` and `pagesize`, which go together.
    ///
    /// # Errors
    /// 431 when one stands alone, is no number above 0, or the size is above [`MAX_PAGE_SIZE`].
    pub fn read(params: &Params) -> Result<Self, ApiError> {
        let (page, size) = (number(params, "page")?, number(params, "pagesize")?);
        match (page, size) {
            (None, None) => Ok(Self::Default),
            (None, Some(-1)) => Ok(Self::Unlimited),
            (Some(_), Some(-1)) => {
                Err(refuse("page can't be specified with pagesize -1 (unlimited)"))
            }
            (Some(_), None) => Err(refuse("\"page\" parameter requires \"pagesize\" parameter")),
            (None, Some(_)) => Err(refuse("\"pagesize\" parameter requires \"page\" parameter")),
            (Some(page), Some(size)) => {
                if size > i64::from(MAX_PAGE_SIZE) {
                    return Err(refuse(&format!(
                        "Page size can't exceed max allowed page size value: {MAX_PAGE_SIZE}"
                    )));
                }
                match (u32::try_from(page), u32::try_from(size)) {
                    (Ok(number @ 1..), Ok(size @ 1..)) => Ok(Self::Page { number, size }),
                    _ => Err(refuse("page and pagesize are numbers from 1")),
                }
            }
        }
    }

    /// Rows to skip.
    pub fn offset(self) -> u64 {
        match self {
            Self::Default | Self::Unlimited => 0,
            Self::Page { number, size } => (u64::from(number) - 1) * u64::from(size),
        }
    }

    /// Most rows to give, or none for all.
    pub fn limit(self) -> Option<u64> {
        match self {
            Self::Default => Some(u64::from(MAX_PAGE_SIZE)),
            Self::Unlimited => None,
            Self::Page { size, .. } => Some(u64::from(size)),
        }
    }

    /// The wanted part of rows that are all in memory.
    pub fn of<T>(self, rows: Vec<T>) -> Vec<T> {
        let skip = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let take = self.limit().map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        rows.into_iter().skip(skip).take(take).collect()
    }
}

fn number(params: &Params, name: &str) -> Result<Option<i64>, ApiError> {
    params
        .get_filled(name)
        .map(|text| text.parse().map_err(|_| refuse(&format!("{name}={text} is not a number"))))
        .transpose()
}

fn refuse(text: &str) -> ApiError {
    ApiError::api(Status::ParameterError, text)
}
