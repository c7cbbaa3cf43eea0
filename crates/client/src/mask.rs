//! Hides secrets in what is logged or shown.

use serde_json::Value;

/// What stands in place of a secret.
pub const MASK: &str = "***";

const SECRET: &[&str] = &[
    "password",
    "privatekey",
    "secretkey",
    "sessionkey",
    "signature",
    "token",
    "userdata",
    "apikey",
];

/// Whether a parameter or field of this name holds something secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|secret| name == *secret || name.ends_with(&format!(".{secret}")))
}

/// The value of a parameter as it may be shown.
pub fn value<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret(name) { MASK } else { value }
}

/// An answer as it may be shown. Secret texts are masked at every depth.
pub fn answer(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| match field {
                Value::String(_) if is_secret(name) => (name.clone(), MASK.into()),
                field => (name.clone(), answer(field)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(answer).collect(),
        plain => plain.clone(),
    }
}
