//! Commands about the sizes of data volumes for sale.

use hostler_model::{Bytes, DomainId};
use hostler_store::disk_offering::DiskOfferingRow;
use hostler_store::domain::domain_get;
use hostler_store::reference::Entity;
use hostler_store::{StoreError, Tx};

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::api::objects::offering::DiskOfferingView;

pub(super) mod asked_terms;
mod create_disk_offering;
mod delete_disk_offering;
mod list_disk_offerings;
mod update_disk_offering;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_disk_offering::CreateDiskOffering>(),
    known::<delete_disk_offering::DeleteDiskOffering>(),
    known::<list_disk_offerings::ListDiskOfferings>(),
    known::<update_disk_offering::UpdateDiskOffering>(),
];

/// Largest volume, in GiB.
pub(super) const MOST_GIB: i64 = 1024;

/// A size in GiB, as requests have it.
pub(super) fn size_of(call: Call<'_>, param: &str, gib: i64) -> Result<Bytes, Failure> {
    match gib {
        1..=MOST_GIB => Ok(Bytes::from_gib(gib.unsigned_abs())),
        odd => {
            let expected = format!("a number of GiB from 1 to {MOST_GIB}");
            Err(call.wrong(param, &odd.to_string(), &expected))
        }
    }
}

/// Refuses offerings of kinds that there are none of yet: whoever asks for one must not believe that it got it.
pub(super) fn not_yet(call: Call<'_>, asked: &[(&str, Option<bool>)]) -> Result<(), Failure> {
    match asked.iter().find(|(_, given)| *given == Some(true)) {
        Some((param, _)) => {
            Err(call.wrong(param, "true", "false; there are no such offerings yet"))
        }
        None => Ok(()),
    }
}

/// Tags as the record has them: without blanks.
fn tags(text: &str) -> String {
    text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).collect::<Vec<_>>().join(",")
}

/// Domains that a request names, each of which has to be there.
async fn domains(call: Call<'_>, named: Vec<DomainId>) -> Result<Vec<DomainId>, Failure> {
    let named: Vec<DomainId> = named.into_iter().collect();
    call.require(named.iter().map(|id| ("domainid", Entity::Domain, id.uuid())).collect()).await?;
    Ok(named)
}

/// An offering with the names of its domains; a domain that was deleted is left out.
fn view(tx: &Tx<'_>, row: DiskOfferingRow) -> Result<DiskOfferingView, Failure> {
    let mut domains = Vec::new();
    for id in &row.domains {
        match domain_get(tx, *id) {
            Err(StoreError::NotFound { .. }) => {}
            found => domains.push(found?),
        }
    }
    Ok(DiskOfferingView { row, domains })
}
