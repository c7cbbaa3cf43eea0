//! Commands about tags, and how parameters speak of them.

use hostler_query_api::Records;
use hostler_store::reference::{Entity, references_not_owned};
use uuid::Uuid;

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;

mod create_tags;
mod delete_tags;
mod list_tags;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_tags::CreateTags>(),
    known::<delete_tags::DeleteTags>(),
    known::<list_tags::ListTags>(),
];

/// The kinds of things that can have tags, by the API's names.
#[rustfmt::skip] // reads as a table
const KINDS: &[(&str, Entity)] = &[
    ("Account",         Entity::Account),
    ("Cluster",         Entity::Cluster),
    ("Domain",          Entity::Domain),
    ("Host",            Entity::Host),
    ("ISO",             Entity::Iso),
    ("Network",         Entity::Network),
    ("NetworkOffering", Entity::NetworkOffering),
    ("Pod",             Entity::Pod),
    ("ServiceOffering", Entity::ServiceOffering),
    ("Snapshot",        Entity::Snapshot),
    ("Storage",         Entity::StoragePool),
    ("Template",        Entity::Template),
    ("User",            Entity::User),
    ("UserVm",          Entity::Vm),
    ("VMSnapshot",      Entity::VmSnapshot),
    ("Volume",          Entity::Volume),
    ("Zone",            Entity::Zone),
];

/// A kind of thing that can have tags: its name, and what it is.
fn kind(call: Call<'_>, text: &str) -> Result<(&'static str, Entity), Failure> {
    KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).copied().ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        call.wrong("resourcetype", text, &format!("one of {}", names.join(", ")))
    })
}

/// Checks that the things exist and that the caller may change them.
async fn require_own(call: Call<'_>, entity: Entity, ids: &[Uuid]) -> Result<(), Failure> {
    let sight = call.identity.sight();
    let named: Vec<_> = ids.iter().map(|id| (entity, *id)).collect();
    let missing = call.read(move |tx| Ok(references_not_owned(tx, &named, &sight)?)).await?;
    if let Some(id) = missing.first().and_then(|position| ids.get(*position)) {
        return Err(call.unknown("resourceids", id));
    }
    let for_admins = !matches!(
        entity,
        Entity::Account
            | Entity::Iso
            | Entity::Network
            | Entity::Snapshot
            | Entity::Template
            | Entity::User
            | Entity::Vm
            | Entity::VmSnapshot
            | Entity::Volume
    );
    if for_admins && !call.is_root() {
        return Err(call.wrong(
            "resourcetype",
            "a kind of thing that belongs to the cloud",
            "one whose things belong to accounts; only the cloud's administrators tag others",
        ));
    }
    Ok(())
}

/// The tags that a list asks for, each a key and a value.
pub(crate) fn pairs(records: Option<Records>) -> Result<Vec<(String, String)>, Failure> {
    let pair = |mut record: std::collections::BTreeMap<String, String>| {
        let (key, value) = (record.remove("key"), record.remove("value"));
        key.filter(|key| !key.is_empty()).zip(value).ok_or_else(|| {
            Failure::invalid("parameter tags: give each its key and its value, as in tags[0].key=a&tags[0].value=b")
        })
    };
    records.unwrap_or_default().into_iter().map(pair).collect()
}
