//! `deleteTags`: takes tags off things.
//!
//! It answers with a job that is over, as clients expect of this command; there is nothing to wait for.

use hostler_query_api::{Answer, api_command};
use hostler_store::tag::tags_remove;
use uuid::Uuid;

use super::{kind, require_own};
use crate::api::call::{Call, Handler};
use crate::api::done::finished;
use crate::api::failure::Failure;

api_command! {
    /// Takes tags off things.
    pub(crate) struct DeleteTags = "deleteTags", asynchronous;

    /// The kind of the things: UserVm, Template, ISO, Volume, Network, Zone, ...
    resourcetype: required string,
    /// The ids of the things.
    resourceids: required list<Uuid>,
    /// The tags, each a key, and a value if only that value is meant; without any, all tags of the things.
    tags: optional records,
}

impl Handler for DeleteTags {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (name, entity) = kind(call, &self.resourcetype)?;
        require_own(call, entity, &self.resourceids).await?;
        let things = self.resourceids;
        let Some(first) = things.first().copied() else {
            return Err(call.wrong("resourceids", "", "at least one id"));
        };
        let mut wanted = Vec::new();
        for mut record in self.tags.unwrap_or_default() {
            let Some(key) = record.remove("key").filter(|key| !key.is_empty()) else {
                return Err(Failure::invalid(
                    "parameter tags: give each its key, as in tags[0].key=a",
                ));
            };
            wanted.push((Some(key), record.remove("value")));
        }
        if wanted.is_empty() {
            wanted.push((None, None));
        }
        let job = finished(call, name, first);
        let (event, id) = (call.event("DELETE_TAGS"), job.id());
        call.write(move |tx| {
            let mut removed = 0;
            for thing in things {
                for (key, value) in &wanted {
                    removed += tags_remove(tx, thing, key.as_deref(), value.as_deref())?;
                }
                event
                    .clone()
                    .about(name, thing)
                    .record(tx, format!("tags were taken off {name} {thing}"))?;
            }
            if removed == 0 {
                return Err(Failure::invalid(
                    "parameter tags: none of the things has such a tag; listTags names those that there are",
                ));
            }
            job.record(tx)
        })
        .await?;
        Ok(Answer::job(call.command, None, id))
    }
}
