//! What every test cloud has: a zone with a pod, a cluster, a network, and a size of VM.

use std::net::Ipv4Addr;

use hostler_manager::api::bootstrap::DEFAULT_NETWORK_OFFERING;
use hostler_manager::context::Context;
use hostler_model::{
    AccountId, AllocationState, ClusterId, Mhz, Mib, NetworkId, NetworkType, PodId,
    ServiceOfferingId, TemplateId, Timestamp, ZoneId,
};
use hostler_store::cluster::{ClusterRow, cluster_add};
use hostler_store::network::{NetworkRow, network_add};
use hostler_store::network_offering::{NetworkOfferingRow, network_offering_by_name};
use hostler_store::pod::{PodRow, pod_add};
use hostler_store::service_offering::{OfferingTerms, ServiceOfferingRow, service_offering_add};
use hostler_store::zone::{ZoneRow, zone_add};
use hostler_store::{StoreError, account, domain};
use uuid::Uuid;

/// Names of the zone, the pod and the cluster of every test cloud.
pub const PLACE: [&str; 3] = ["z1", "p1", "c1"];

/// The ids of what every test cloud has.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue {
    /// Its zone.
    pub zone: ZoneId,
    /// Its network, the zone's default: 200 addresses.
    pub network: NetworkId,
    /// A size: 1 CPU of 500 MHz, 512 MiB.
    pub offering: ServiceOfferingId,
    /// A template that is Ready.
    pub template: TemplateId,
}

/// Writes it all. The template comes later.
///
/// # Errors
/// [`StoreError`].
pub async fn furnish(app: &Context) -> Result<Catalogue, StoreError> {
    let now = app.now();
    let (zone, pod) = (ZoneId::new(Uuid::new_v4()), PodId::new(Uuid::new_v4()));
    let catalogue = Catalogue {
        zone,
        network: NetworkId::new(Uuid::new_v4()),
        offering: ServiceOfferingId::new(Uuid::new_v4()),
        template: TemplateId::new(Uuid::nil()),
    };
    app.store
        .write(move |tx| {
            let [zone_name, pod_name, cluster_name] = PLACE.map(str::to_owned);
            zone_add(
                tx,
                &ZoneRow {
                    id: zone,
                    name: zone_name,
                    network_type: NetworkType::Advanced,
                    dns1: at(1),
                    dns2: None,
                    internal_dns1: at(1),
                    internal_dns2: None,
                    network_domain: None,
                    guest_cidr: None,
                    allocation_state: AllocationState::Enabled,
                    local_storage: true,
                    security_groups: false,
                    created: now,
                },
            )?;
            pod_add(
                tx,
                &PodRow {
                    id: pod,
                    zone,
                    name: pod_name,
                    gateway: None,
                    netmask: None,
                    start_ip: None,
                    end_ip: None,
                    allocation_state: AllocationState::Enabled,
                    created: now,
                },
            )?;
            cluster_add(
                tx,
                &ClusterRow {
                    id: ClusterId::new(Uuid::new_v4()),
                    zone,
                    pod,
                    name: cluster_name,
                    hypervisor: "KVM".to_owned(),
                    allocation_state: AllocationState::Enabled,
                    cpu_ratio: 1.0,
                    memory_ratio: 1.0,
                    created: now,
                },
            )?;
            service_offering_add(
                tx,
                &ServiceOfferingRow {
                    id: catalogue.offering,
                    name: "tiny".to_owned(),
                    display_text: "tiny".to_owned(),
                    cpus: 1,
                    cpu_speed: Mhz(500),
                    memory: Mib(512),
                    limit_cpu: false,
                    storage_type: "local".to_owned(),
                    root_size: None,
                    host_tags: String::new(),
                    tags: String::new(),
                    terms: OfferingTerms::default(),
                    created: now,
                },
            )?;
            let root = domain::domain_by_path(tx, "ROOT")?.ok_or(StoreError::Closed)?;
            let owner =
                account::account_by_name(tx, root.id, "admin")?.ok_or(StoreError::Closed)?;
            let offering = network_offering_by_name(tx, DEFAULT_NETWORK_OFFERING)?
                .ok_or(StoreError::Closed)?;
            network_add(tx, &guests(&catalogue, owner, offering, now)?)?;
            Ok(catalogue)
        })
        .await
}

fn at(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 1, 0, last)
}

/// 10.1.0.0/24, of which VMs and hosts get .10 to .209.
fn guests(
    catalogue: &Catalogue,
    owner: AccountId,
    offering: NetworkOfferingRow,
    now: Timestamp,
) -> Result<NetworkRow, StoreError> {
    Ok(NetworkRow {
        id: catalogue.network,
        name: "guests".to_owned(),
        display_text: "guests".to_owned(),
        zone: catalogue.zone,
        offering: offering.id,
        account: owner,
        guru: offering.guru,
        guest_type: offering.guest_type,
        traffic_type: "Guest".to_owned(),
        cidr: ipnet::Ipv4Net::new(at(0), 24).map_err(|_| StoreError::Closed)?,
        gateway: Some(at(1)),
        start_ip: at(10),
        end_ip: at(209),
        bridge: None,
        network_domain: "test.internal".to_owned(),
        dns: Vec::new(),
        mtu: 1500,
        is_default: true,
        acl_type: "Domain".to_owned(),
        acl_domain: None,
        subdomain_access: true,
        state: "Setup".to_owned(),
        created: now,
    })
}
