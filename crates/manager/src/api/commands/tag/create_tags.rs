//! `createTags`: puts tags on things.
//!
//! It answers with a job that is over, as clients expect of this command; there is nothing to wait for.

use hostler_query_api::{Answer, Records, api_command};
use hostler_store::reference::reference_owner;
use hostler_store::tag::{NewTag, tag_add};
use uuid::Uuid;

use super::{kind, pairs, require_own};
use crate::api::call::{Call, Handler};
use crate::api::done::finished;
use crate::api::failure::Failure;

/// Most characters of a key or a value.
const LONGEST: usize = 255;

api_command! {
    /// Puts tags on things.
    pub(crate) struct CreateTags = "createTags", asynchronous;

    /// The kind of the things: UserVm, Template, ISO, Volume, Network, Zone, ...
    resourcetype: required string,
    /// The ids of the things.
    resourceids: required list<Uuid>,
    /// The tags, each a key and a value.
    tags: required records,
    /// For whom they are put there; any text.
    customer: optional string,
}

impl Handler for CreateTags {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (name, entity) = kind(call, &self.resourcetype)?;
        let tags = checked(self.tags)?;
        require_own(call, entity, &self.resourceids).await?;
        let things = self.resourceids;
        let Some(first) = things.first().copied() else {
            return Err(call.wrong("resourceids", "", "at least one id"));
        };
        let job = finished(call, name, first);
        let (now, caller, event) = (call.now(), call.caller().account, call.event("CREATE_TAGS"));
        let id = job.id();
        call.write(move |tx| {
            for thing in things {
                let account = reference_owner(tx, entity, thing)?.unwrap_or(caller);
                for (key, value) in &tags {
                    let new = NewTag {
                        kind: name,
                        resource: thing,
                        account,
                        key: key.clone(),
                        value: value.clone(),
                        customer: self.customer.clone(),
                    };
                    tag_add(tx, &new, now).map_err(taken)?;
                }
                let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
                let text = format!("tags {} were put on {name} {thing}", keys.join(", "));
                event.clone().about(name, thing).record(tx, text)?;
            }
            job.record(tx)
        })
        .await?;
        Ok(Answer::job(call.command, None, id))
    }
}

fn checked(records: Records) -> Result<Vec<(String, String)>, Failure> {
    let tags = pairs(Some(records))?;
    let long = |text: &str| text.chars().count() > LONGEST;
    match tags.iter().find(|(key, value)| long(key) || long(value)) {
        Some((key, _)) => Err(Failure::invalid(format!(
            "parameter tags: key and value may have {LONGEST} characters each; shorten {}",
            key.chars().take(20).collect::<String>()
        ))),
        None => Ok(tags),
    }
}

/// A tag that is there already is the request's mistake.
fn taken(error: hostler_store::StoreError) -> Failure {
    match error {
        hostler_store::StoreError::Taken(text) => {
            Failure::invalid(format!("parameter tags: {text}"))
        }
        other => other.into(),
    }
}
