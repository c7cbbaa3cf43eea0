//! What a server's answer says of the bytes that follow (RFC 9110, sections 8.8 and 14).

use reqwest::header::{CONTENT_RANGE, ETAG, LAST_MODIFIED};
use reqwest::{Response, StatusCode};

/// Which bytes follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The file from its beginning.
    Whole {
        /// Its size, if the server says it.
        total: Option<u64>,
    },
    /// The file from where we asked to go on.
    Rest {
        /// Its size, if the server says it.
        total: Option<u64>,
    },
    /// None: the file is shorter than where we asked to go on.
    NotThisRange,
}

impl Part {
    /// Reads the answer to a question for everything from byte `from` on.
    ///
    /// # Errors
    /// A text about an answer that does not keep to HTTP.
    pub(super) fn of(response: &Response, from: u64) -> Result<Self, String> {
        match response.status() {
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(Self::NotThisRange),
            StatusCode::PARTIAL_CONTENT if from > 0 => {
                let range = response.headers().get(CONTENT_RANGE);
                let range = range.and_then(|value| value.to_str().ok()).unwrap_or_default();
                match content_range(range) {
                    Some((start, total)) if start == from => Ok(Self::Rest { total }),
                    _ => Err(format!("asked for what follows byte {from}, it sends {range:?}")),
                }
            }
            StatusCode::OK => Ok(Self::Whole { total: response.content_length() }),
            other => Err(format!("it answers {other} to a plain question")),
        }
    }

    /// Size of the whole file, if the server says it.
    pub(super) fn total(self) -> Option<u64> {
        match self {
            Self::Whole { total } | Self::Rest { total } => total,
            Self::NotThisRange => None,
        }
    }
}

/// What proves, in `If-Range`, that the rest is of the same file: a strong `ETag`, else the date of the last change.
pub(super) fn validator(response: &Response) -> Option<String> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let strong = header(ETAG).filter(|tag| tag.starts_with('"'));
    strong.or_else(|| header(LAST_MODIFIED)).map(str::to_owned)
}

/// First byte and size of `bytes 5-9/10` or `bytes 5-9/*`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((start.parse().ok()?, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_says_where_it_begins_and_how_large_the_file_is() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for text in ["", "bytes */10", "5-9/10", "bytes a-9/10", "bytes 5-9/-1", "bytes 5"] {
            assert_eq!(content_range(text), None, "{text}");
        }
    }
}
