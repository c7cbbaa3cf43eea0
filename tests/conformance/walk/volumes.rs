//! Sizes of data volumes for sale.

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness) {
    let domains = w.call("listDomains", &[]).await;
    let params = [("name", "d9"), ("disksize", "1"), ("domainid", &id(&domains, "domain"))];
    let fixed = id(&w.call("createDiskOffering", &params).await, "diskoffering");
    let params = [("id", fixed.as_str()), ("name", "d8"), ("domainid", "public"), ("sortkey", "3")];
    w.call("updateDiskOffering", &params).await;
    w.call("listDiskOfferings", &[]).await;
    w.call("deleteDiskOffering", &[("id", &fixed)]).await;
}
