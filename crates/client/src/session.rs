//! A session: settings and credentials bound to a stack of layers.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::Config;
use crate::error::ClientError;
use crate::http::SignedHttp;
use crate::layers::{Cache, Retry, Timings, Trace};
use crate::login::{Login, LoginHttp};
use crate::request::{Reply, Request, Service, SharedService};
use crate::resources::Resource;

/// Rows in one page of a list.
const PAGE_SIZE: usize = 500;
/// Most pages of one list; a manager that never stops saying "more" is not believed.
const MAX_PAGES: usize = 2000;

/// Calls to one manager as one user. Clones share everything.
#[derive(Debug, Clone)]
pub struct Session {
    service: SharedService,
}

/// Puts layers around the network; the first added is the innermost.
#[derive(Debug)]
pub struct SessionBuilder {
    service: SharedService,
}

impl SessionBuilder {
    /// One more layer around all so far.
    #[must_use]
    pub fn layer(self, wrap: impl FnOnce(SharedService) -> SharedService) -> Self {
        Self { service: wrap(self.service) }
    }

    /// Measures each attempt.
    #[must_use]
    pub fn timings(self, timings: &Timings) -> Self {
        self.layer(|inner| timings.around(inner))
    }

    /// Repeats reads that the network broke: up to 4 attempts within about 1.4 s.
    #[must_use]
    pub fn retry(self) -> Self {
        self.layer(|inner| Arc::new(Retry::new(inner, 4, Duration::from_millis(200))))
    }

    /// Remembers up to `limit` lists for `life`.
    #[must_use]
    pub fn cache(self, limit: usize, life: Duration) -> Self {
        self.layer(|inner| Arc::new(Cache::new(inner, limit, life)))
    }

    /// Logs each call.
    #[must_use]
    pub fn trace(self) -> Self {
        self.layer(|inner| Arc::new(Trace::new(inner)))
    }

    /// The session.
    #[must_use]
    pub fn build(self) -> Session {
        Session { service: self.service }
    }
}

impl Session {
    /// A session with the user's keys, that repeats reads and logs calls. Opens no connection yet.
    ///
    /// # Errors
    /// [`ClientError::Config`] when keys are missing.
    pub fn connect(config: &Config) -> Result<Self, ClientError> {
        Ok(Self::builder(config)?.retry().trace().build())
    }

    /// A bare session with the user's keys, to put layers around.
    ///
    /// # Errors
    /// As [`Session::connect`].
    pub fn builder(config: &Config) -> Result<SessionBuilder, ClientError> {
        Ok(SessionBuilder { service: Arc::new(SignedHttp::new(config)?) })
    }

    /// A bare session that logs in with user name and password.
    ///
    /// # Errors
    /// [`ClientError::Config`] when the HTTPS settings are wrong.
    pub fn login_builder(config: &Config, login: Login) -> Result<SessionBuilder, ClientError> {
        Ok(SessionBuilder { service: Arc::new(LoginHttp::new(config, login)?) })
    }

    /// A session over any service; for tests and other transports.
    pub fn over(service: Arc<dyn Service>) -> Self {
        Self { service }
    }

    /// Makes one call and returns what stands under the one key of the answer.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call(&self, request: &Request) -> Result<Value, ClientError> {
        Ok(self.reply(request).await?.body)
    }

    /// The same with what came along: the request's id, ignored parameters.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn reply(&self, request: &Request) -> Result<Reply, ClientError> {
        self.service.call(request).await
    }

    /// Every row of a list, however many pages it has. `request` must name no page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_rows(&self, request: &Request) -> Result<Vec<Value>, ClientError> {
        let mut rows = Vec::new();
        for page in 1..=MAX_PAGES {
            let request = request
                .clone()
                .with("page", page.to_string())
                .with("pagesize", PAGE_SIZE.to_string());
            let body = self.call(&request).await?;
            let count = body.get("count").and_then(Value::as_u64);
            let Some(found) = take_list(body) else { break };
            let found_count = found.len();
            rows.extend(found);
            let complete = count.is_some_and(|count| rows.len() as u64 >= count);
            if complete || found_count < PAGE_SIZE {
                break;
            }
        }
        Ok(rows)
    }

    /// Every row of a list, typed.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list<R: Resource + DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<Vec<R>, ClientError> {
        let shape = |source| ClientError::Shape { command: request.command.clone(), source };
        let rows = self.list_rows(request).await?;
        rows.into_iter().map(serde_json::from_value).collect::<Result<_, _>>().map_err(shape)
    }

    /// The resource with this id, or none.
    ///
    /// # Errors
    /// See [`ClientError`]. An id that never was is no error.
    pub async fn get<R: Resource + DeserializeOwned>(
        &self,
        id: &str,
    ) -> Result<Option<R>, ClientError> {
        let request = R::list_request().with("id", id);
        match self.list(&request).await {
            Ok(rows) => Ok(rows.into_iter().next()),
            Err(ClientError::Api { code: 431, text, .. })
                if text.contains("entity does not exist") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The one list in the body of a list's answer.
fn take_list(body: Value) -> Option<Vec<Value>> {
    let Value::Object(fields) = body else { return None };
    fields.into_iter().find_map(|(_, field)| match field {
        Value::Array(rows) => Some(rows),
        _ => None,
    })
}
