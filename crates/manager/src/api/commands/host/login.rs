//! How commands that log in to a machine read where and as whom, and how they say what went wrong there.

use hostler_query_api::{ApiError, ErrorClass};
use hostler_wire::Secret;

use crate::api::failure::Failure;
use crate::onboarding::{Access, AddHostError, SshAuth, Target};

/// Who logs in: the parameters `username`, `password` and `privatekey`.
#[derive(Debug)]
pub(super) struct Login<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    pub(super) key: Option<&'a str>,
}

impl Login<'_> {
    /// To log in at `url`, which may name the user too.
    ///
    /// # Errors
    /// 431: `url` names no machine, or there is not exactly one of password and key.
    pub(super) fn at(&self, url: &str) -> Result<Access, Failure> {
        let target: Target =
            url.parse().map_err(|error| Failure::invalid(format!("url: {error}")))?;
        let user = self.user.map(str::to_owned).or(target.user);
        let user = user.unwrap_or_else(|| "root".to_owned());
        Ok(Access { host: target.host, port: target.port, user, auth: self.auth()? })
    }

    fn auth(&self) -> Result<SshAuth, Failure> {
        match (self.password, self.key) {
            (Some(password), None) => Ok(SshAuth::Password(Secret::new(password))),
            (None, Some(key)) => Ok(SshAuth::Key(Secret::new(key))),
            (None, None) => {
                Err(Failure::invalid("password and privatekey are both missing; give one of them"))
            }
            (Some(_), Some(_)) => {
                Err(Failure::invalid("password and privatekey are both given; give one of them"))
            }
        }
    }
}

/// The stage tells whose fault it is: the request's, another host's, or the machine's.
pub(super) fn failure_of(error: &AddHostError) -> Failure {
    let class = match error.stage {
        "resolve" => ErrorClass::InvalidParameterValue,
        "duplicate-check" | "not-a-host" | "turn" => ErrorClass::ResourceInUse,
        _ => ErrorClass::CloudRuntime,
    };
    Failure(ApiError::new(class, error.to_string()))
}
