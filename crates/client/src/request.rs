//! One call and its answer, and what can carry it: the seam that layers stack on.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::error::ClientError;
use crate::mask;

/// One call of a command. `Debug` masks secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The command, exact case.
    pub command: String,
    /// Its parameters, without those of the protocol (`apiKey`, `signature`, `response`, …).
    pub params: Vec<(String, String)>,
}

impl Request {
    /// A call without parameters.
    pub fn new(command: impl Into<String>) -> Self {
        Self { command: command.into(), params: Vec::new() }
    }

    /// The same call with one more parameter.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// The same call with the parameter, if there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value.to_string()),
            None => self,
        }
    }

    /// Whether the command only reads: it is sent by GET and may be repeated.
    pub fn is_read(&self) -> bool {
        ["get", "list", "query", "find", "explain"].iter().any(|verb| {
            self.command
                .strip_prefix(verb)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        })
    }
}

impl Request {
    /// Whether it sets a setting that is a password.
    fn sets_secret(&self) -> bool {
        let is_password =
            |(name, value): &(String, String)| name == "name" && value.ends_with(".password");
        self.command == "updateConfiguration" && self.params.iter().any(is_password)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command)?;
        let is_secret = self.sets_secret();
        for (name, value) in &self.params {
            let hidden = is_secret && name == "value";
            let value = if hidden { mask::MASK } else { mask::value(name, value) };
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

/// The answer to one call.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What stands under the one key of the answer.
    pub body: Value,
    /// Which request it was, as in the manager's log.
    pub request_id: String,
    /// Parameters that the manager did not know and ignored.
    pub ignored: Vec<String>,
}

/// Something that can carry a call: the network, or a layer around another.
#[async_trait]
pub trait Service: fmt::Debug + Send + Sync {
    /// Makes one call.
    ///
    /// # Errors
    /// See [`ClientError`].
    async fn call(&self, request: &Request) -> Result<Reply, ClientError>;
}

/// A service that many may hold.
pub type SharedService = Arc<dyn Service>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_is_a_setting_is_not_shown_and_other_settings_are() {
        let set = |name: &str| {
            let request = Request::new("updateConfiguration").with("name", name);
            format!("{:?}", request.with("value", "open sesame"))
        };
        assert!(!set("ldap.bind.password").contains("sesame"));
        assert!(set("ldap.basedn").contains("sesame"));
    }
}
