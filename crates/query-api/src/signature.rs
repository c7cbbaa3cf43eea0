//! Signatures over the parameters of a request: making them, and checking them with an expiry.
//!
//! The canonical string is `name=enc(value)` joined by `&`, sorted by name, all lower case; the signature its
//! HMAC-SHA1 under the user's secret key, in base64. Some widenings are accepted, because clients differ: `~` (Python,
//! Go) and `[]` (libcloud) left unencoded, and names sorted in lower case (libcloud, Marvin).
//!
//! Not here: whose key it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;
use subtle::{Choice, ConstantTimeEq};

use crate::dates;
use crate::encoding::{encode, encode_but};
use crate::error::ApiError;
use crate::params::Params;

/// How a canonical string is made from parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canon {
    /// Characters that are left alone beside those that CloudStack leaves alone.
    pub kept: &'static str,
    /// Names are sorted in lower case.
    pub sort_lower: bool,
}

impl Canon {
    /// As CloudStack does it.
    pub const CLOUDSTACK: Self = Self { kept: "", sort_lower: false };

    /// Every form that is accepted.
    pub const ACCEPTED: [Self; 5] = [
        Self::CLOUDSTACK,
        Self { kept: "~", sort_lower: false },
        Self { kept: "", sort_lower: true },
        Self { kept: "~", sort_lower: true },
        Self { kept: "~[]", sort_lower: true },
    ];

    /// The string that is signed. A parameter named `signature`, in any case, is left out.
    pub fn string<'a>(self, params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let mut pairs: Vec<_> = params
            .into_iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("signature"))
            .collect();
        if self.sort_lower {
            pairs.sort_by_cached_key(|(name, _)| name.to_lowercase());
        } else {
            pairs.sort_unstable_by_key(|(name, _)| *name);
        }
        let joined: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| format!("{name}={}", encode_but(value, self.kept)))
            .collect();
        joined.join("&").to_lowercase()
    }
}

/// The signature of `params`, in base64 and not yet percent-encoded.
pub fn sign<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>, secret: &str) -> String {
    STANDARD.encode(hmac(&Canon::CLOUDSTACK.string(params), secret))
}

/// A signed query string or form body: `params` in their order, then `signature`, all encoded.
pub fn signed_query<'a>(params: &[(&'a str, &'a str)], secret: &str) -> String {
    let signature = sign(params.iter().copied(), secret);
    let mut out = String::new();
    for (name, value) in params.iter().copied().chain([("signature", signature.as_str())]) {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&encode(name));
        out.push('=');
        out.push_str(&encode(value));
    }
    out
}

/// What a signed request says about itself, before its key is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// Whose key; look up its secret, then call [`Signed::verify`].
    pub api_key: &'a str,
    signature: &'a str,
}

impl<'a> Signed<'a> {
    /// Reads key, signature and expiry of a request.
    ///
    /// # Errors
    /// 401 when either is absent, or `signatureVersion` is 3 and `expires` is absent, unreadable or past.
    pub fn read(params: &'a Params, now: Timestamp) -> Result<Self, ApiError> {
        let (api_key, signature) = params
            .get_filled("apikey")
            .zip(params.get_filled("signature"))
            .ok_or_else(ApiError::unauthorized)?;
        if params.get("signatureversion") == Some("3") {
            let expires = params.get("expires").and_then(dates::parse_with_offset);
            if expires.is_none_or(|expires| expires <= now) {
                return Err(ApiError::unauthorized());
            }
        }
        Ok(Self { api_key, signature })
    }

    /// Checks the signature in constant time for a given secret.
    ///
    /// # Errors
    /// 401 when it is not one over these parameters with this secret.
    pub fn verify(&self, params: &Params, secret: &str) -> Result<(), ApiError> {
        let sent = STANDARD.decode(self.signature).unwrap_or_default();
        let right = Canon::ACCEPTED.iter().fold(Choice::from(0), |right, canon| {
            right | hmac(&canon.string(params.iter()), secret).ct_eq(&sent)
        });
        if bool::from(right) { Ok(()) } else { Err(ApiError::unauthorized()) }
    }
}

fn hmac(message: &str, secret: &str) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
