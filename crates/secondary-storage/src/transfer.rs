//! Brings what a URL names into a [`Sink`]: with limits, and going on where a connection broke.
//!
//! Not here: what the file must be (`probe`), and where it goes (`layout`, `fetch`).

mod error;
mod reply;

use std::time::Duration;

use hostler_model::error_chain;
use reqwest::header::{ACCEPT_ENCODING, IF_RANGE, LOCATION, RANGE};
use reqwest::{Client, ClientBuilder, Response, Url};
use tokio_util::sync::CancellationToken;

use error::Attempt;
pub use error::TransferError;
use reply::Part;

use crate::address::AddressRule;
use crate::progress::Meter;
use crate::sink::Sink;
use crate::source::masked;

/// So many redirects are followed.
const REDIRECTS: usize = 5;
/// No back-off is longer.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// How long a transfer bears with a bad connection. There is no limit on the whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For a connection to be made.
    pub(crate) connect: Duration,
    /// For the next byte.
    pub(crate) idle: Duration,
    /// Attempts in a row that may bring nothing.
    pub(crate) attempts: u32,
    /// Before the second attempt; doubles with each further one.
    pub(crate) backoff: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            attempts: 5,
            backoff: Duration::from_secs(1),
        }
    }
}

impl Patience {
    /// A client that follows no redirect by itself, asks no proxy and keeps these times.
    pub(crate) fn client(&self) -> ClientBuilder {
        Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy() // a proxy would look names up where we cannot check the address
            .user_agent(concat!("hostler/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect)
            .read_timeout(self.idle)
    }
}

/// Whether redirects are followed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Redirects<'a> {
    /// None is expected; one is a failure.
    Refuse,
    /// At most [`REDIRECTS`], each to an address that may be asked.
    Follow {
        /// Which addresses may be asked.
        rule: &'a AddressRule,
        /// Whether `https` may lead to `http`; safe only where a checksum is known.
        to_plain_http: bool,
    },
}

/// What is to be brought.
#[derive(Debug)]
pub(crate) struct Transfer<'a> {
    /// Made by [`Patience::client`].
    pub(crate) client: &'a Client,
    /// From where.
    pub(crate) url: &'a Url,
    /// Whether redirects are followed.
    pub(crate) redirects: Redirects<'a>,
    /// No larger file is taken.
    pub(crate) limit: u64,
    /// What size the file has, if that is known before.
    pub(crate) size: Option<u64>,
    /// The `ETag` it has, if that is known before; else that of the first answer counts.
    pub(crate) etag: Option<String>,
    /// How long to bear with a bad connection.
    pub(crate) patience: Patience,
}

impl Transfer<'_> {
    /// Brings it. What is in `sink` already is taken as its beginning.
    ///
    /// # Errors
    /// [`TransferError`]; what has arrived stays in `sink`.
    pub(crate) async fn run(
        &self,
        sink: &mut Sink,
        meter: &mut Meter<'_>,
        cancelled: &CancellationToken,
    ) -> Result<(), TransferError> {
        let outcome = tokio::select! {
            biased;
            () = cancelled.cancelled() => Err(TransferError::Cancelled { url: masked(self.url) }),
            outcome = self.attempts(sink, meter) => outcome,
        };
        // Even after a failure: a host's next fetch goes on with what is in the file.
        let flushed = sink.flush().await.map_err(|error| self.cannot_write(sink, error));
        outcome.and(flushed)
    }

    async fn attempts(&self, sink: &mut Sink, meter: &mut Meter<'_>) -> Result<(), TransferError> {
        let mut validator = self.etag.clone();
        let (mut fruitless, mut backoff) = (0, self.patience.backoff);
        loop {
            let before = sink.length();
            let error = match self.attempt(sink, meter, &mut validator).await {
                Ok(()) => return Ok(()),
                Err(Attempt::Final(error)) => return Err(error),
                Err(Attempt::Passing(error)) => error,
            };
            if sink.length() > before {
                (fruitless, backoff) = (0, self.patience.backoff);
            }
            fruitless += 1;
            if fruitless >= self.patience.attempts {
                return Err(error);
            }
            tracing::warn!(
                error = error_chain(&error),
                at = sink.length(),
                "a transfer broke off; going on"
            );
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
        }
    }

    /// One connection's worth.
    async fn attempt(
        &self,
        sink: &mut Sink,
        meter: &mut Meter<'_>,
        validator: &mut Option<String>,
    ) -> Result<(), Attempt> {
        if self.size.is_some_and(|size| size == sink.length()) {
            return Ok(());
        }
        if sink.length() > 0 && validator.is_none() {
            // Nothing says that the rest would be of the same file.
            sink.restart().await.map_err(|error| self.cannot_write(sink, error))?;
        }
        let mut response = self.follow(sink.length(), validator.as_deref()).await?;
        let part = Part::of(&response, sink.length()).map_err(|text| self.strange(text))?;
        match part {
            Part::Whole { .. } if sink.length() > 0 => {
                sink.restart().await.map_err(|error| self.cannot_write(sink, error))?;
            }
            Part::NotThisRange => {
                sink.restart().await.map_err(|error| self.cannot_write(sink, error))?;
                return Err(self.strange("the server has no such part of the file".to_owned()));
            }
            Part::Whole { .. } | Part::Rest { .. } => {}
        }
        if self.etag.is_none() {
            *validator = reply::validator(&response);
        }
        let total = part.total();
        self.check_size(total, sink)?;
        self.stream(&mut response, total, sink, meter).await
    }

    async fn stream(
        &self,
        response: &mut Response,
        total: Option<u64>,
        sink: &mut Sink,
        meter: &mut Meter<'_>,
    ) -> Result<(), Attempt> {
        loop {
            let chunk = match response.chunk().await {
                Ok(chunk) => chunk,
                Err(error) => {
                    return Err(self.broke(sink, total, error_chain(&error.without_url())));
                }
            };
            let Some(chunk) = chunk else { break };
            let length = sink.length() + chunk.len() as u64;
            if length > self.limit {
                return Err(Attempt::Final(self.too_large(None)));
            }
            sink.write(&chunk).await.map_err(|error| self.cannot_write(sink, error))?;
            meter.at(sink.length(), total);
        }
        match total.or(self.size) {
            Some(total) if total != sink.length() => {
                Err(self.broke(sink, Some(total), "the server closed the connection".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Asks, and follows redirects, each checked like the URL itself.
    async fn follow(&self, from: u64, validator: Option<&str>) -> Result<Response, Attempt> {
        let mut url = self.url.clone();
        for _ in 0..=REDIRECTS {
            if let Redirects::Follow { rule, .. } = self.redirects {
                rule.check(&url).map_err(|refused| {
                    Attempt::Final(TransferError::Address {
                        url: masked(&url),
                        why: refused.to_string(),
                    })
                })?;
            }
            let mut request = self.client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
            if let (1.., Some(validator)) = (from, validator) {
                request =
                    request.header(RANGE, format!("bytes={from}-")).header(IF_RANGE, validator);
            }
            let response =
                request.send().await.map_err(|error| Attempt::asking(masked(&url), error))?;
            let status = response.status();
            if status.is_redirection() && matches!(self.redirects, Redirects::Follow { .. }) {
                let location = response.headers().get(LOCATION);
                url = self.redirected(&url, location.and_then(|value| value.to_str().ok()))?;
            } else if status.is_success() || status.as_u16() == 416 && from > 0 {
                return Ok(response);
            } else {
                return Err(Attempt::answered(masked(&url), status));
            }
        }
        Err(Attempt::Final(TransferError::TooManyRedirects {
            url: masked(self.url),
            limit: REDIRECTS,
        }))
    }

    /// Where a redirect of `from` leads, if we go there.
    pub(crate) fn redirected(&self, from: &Url, location: Option<&str>) -> Result<Url, Attempt> {
        let refuse =
            |why: String| Attempt::Final(TransferError::BadRedirect { url: masked(from), why });
        let location = location.ok_or_else(|| refuse("it does not say where to".to_owned()))?;
        let to = from
            .join(location)
            .map_err(|error| refuse(format!("it leads to what is no URL ({error})")))?;
        let plain_allowed = matches!(self.redirects, Redirects::Follow { to_plain_http: true, .. });
        match (from.scheme(), to.scheme()) {
            (_, "https") | ("http", "http") => Ok(to),
            ("https", "http") if plain_allowed => Ok(to),
            ("https", "http") => Err(refuse(format!(
                "it leads from https to {}, and no checksum is given; give one, or the URL it leads to",
                masked(&to)
            ))),
            _ => Err(refuse(format!("it leads to {}, which is not http or https", masked(&to)))),
        }
    }

    /// Refuses by what a server says of the size, before anything of it is taken.
    fn check_size(&self, total: Option<u64>, sink: &Sink) -> Result<(), Attempt> {
        let Some(total) = total else { return Ok(()) };
        if let Some(size) = self.size.filter(|size| *size != total) {
            return Err(Attempt::Final(TransferError::WrongSize {
                url: masked(self.url),
                said: total,
                wanted: size,
            }));
        }
        if total > self.limit {
            return Err(Attempt::Final(self.too_large(Some(total))));
        }
        let directory = sink.path().parent().unwrap_or(sink.path());
        let missing = total.saturating_sub(sink.length());
        match rustix::fs::statvfs(directory) {
            Ok(stat) if stat.f_bavail.saturating_mul(stat.f_frsize) < missing => {
                Err(Attempt::Final(TransferError::NoSpace {
                    path: directory.to_owned(),
                    wanted: total,
                }))
            }
            _ => Ok(()),
        }
    }

    fn too_large(&self, size: Option<u64>) -> TransferError {
        TransferError::TooLarge { url: masked(self.url), size, limit: self.limit }
    }

    fn cannot_write(&self, sink: &Sink, error: std::io::Error) -> TransferError {
        TransferError::writing(sink.path(), self.size.unwrap_or(sink.length()), error)
    }

    fn strange(&self, why: String) -> Attempt {
        Attempt::Passing(TransferError::Strange { url: masked(self.url), why })
    }

    fn broke(&self, sink: &Sink, total: Option<u64>, why: String) -> Attempt {
        let attempts = self.patience.attempts;
        let (url, at) = (masked(self.url), sink.length());
        Attempt::Passing(TransferError::Broke { url, at, total, attempts, why })
    }
}
