//! Why something is written: the reason trail's word for it. A transaction is told its cause once, and whatever it
//! changes carries it.

use hostler_model::{JobId, UserId};
use serde::{Deserialize, Serialize};

/// Who or what brings a change about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// For people: a request, a job's step, a host's report, a timer. Empty: nobody said.
    pub text: String,
    /// The user who asked for it.
    #[serde(skip_serializing_if = "Option::is_none", with = "by_text")]
    pub user: Option<UserId>,
    /// The job that does it.
    #[serde(skip_serializing_if = "Option::is_none", with = "by_text")]
    pub job: Option<JobId>,
}

impl Cause {
    /// A cause that is no user's and no job's.
    pub fn saying(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// This one, or, where nobody said anything, one that says `text`.
    #[must_use]
    pub(crate) fn or(self, text: &str) -> Self {
        if self.text.is_empty() { Self::saying(text) } else { self }
    }
}

/// Ids stand as they do in columns.
mod by_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize as _, Deserializer, Serializer};

    #[allow(clippy::ref_option)] // serde hands it over like this
    pub(super) fn serialize<T: Display, S: Serializer>(
        id: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => serializer.collect_str(id),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_cause_is_read_as_it_is_written_and_nothing_is_one_too() {
        let job = Some(JobId::new(Uuid::from_u128(7)));
        let cause = Cause { job, ..Cause::saying("timer") };
        let text = serde_json::to_string(&cause).unwrap();
        assert_eq!(serde_json::from_str::<Cause>(&text).unwrap(), cause);
        assert_eq!(serde_json::from_str::<Cause>("{}").unwrap(), Cause::default());
    }
}
