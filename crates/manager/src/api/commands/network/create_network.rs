//! `createNetwork`: records a guest network on a bridge that the hosts have.
//!
//! Nothing is made on hosts here: a host serves a network when a VM on it starts there.

use std::net::Ipv4Addr;
use std::str::FromStr;

use hostler_model::{DomainId, LimitKind, NetworkId, NetworkOfferingId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::account::account_get;
use hostler_store::domain::network_domain_within;
use hostler_store::ip_range::{IpRangeFilter, ip_range_list};
use hostler_store::limit;
use hostler_store::network::{
    NetworkFilter, NetworkRow, network_add, network_list, network_of_zone,
};
use hostler_store::network_offering::{
    NetworkOfferingRow, network_offering_by_name, network_offering_get,
};
use hostler_store::reference::Entity;
use hostler_store::zone::zone_get;
use hostler_store::{Page, Tx};
use uuid::Uuid;

use super::range::Range;
use crate::api::bootstrap::DEFAULT_NETWORK_OFFERING;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::network::{NETWORK, network};
use crate::settings::GUEST_DOMAIN;

/// For whom a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acl {
    /// One account.
    Account,
    /// The accounts of a domain, or everybody.
    Domain,
}

impl FromStr for Acl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "account" => Ok(Self::Account),
            "domain" => Ok(Self::Domain),
            _ => Err("Account or Domain"),
        }
    }
}

api_command! {
    /// Makes a guest network on a bridge that the hosts have.
    pub(crate) struct CreateNetwork = "createNetwork", synchronous
        .roles(Roles::ADMIN).object("network").shape(&NETWORK).in_projects();

    /// Its name.
    name: required string,
    /// What it is, for people; its name by default.
    displaytext: optional string,
    /// The zone that it is in.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// What it can do; a shared network by default.
    networkofferingid: optional uuid<NetworkOfferingId> .entity("networkoffering"),
    /// The router that guests are given.
    gateway: required choice<Ipv4Addr>,
    /// Netmask of its subnet.
    netmask: required choice<Ipv4Addr>,
    /// The first address that may be given out.
    startip: required choice<Ipv4Addr>,
    /// The last address that may be given out; the first one by default.
    endip: optional choice<Ipv4Addr>,
    /// The resolver that guests are given; the zone's by default.
    dns1: optional choice<Ipv4Addr>,
    /// The second resolver that guests are given.
    dns2: optional choice<Ipv4Addr>,
    /// DNS domain of its guests; without one, that of the account or domain that it is for, else the zone's, else the
    /// setting `guest.domain.suffix`.
    networkdomain: optional string .max(253),
    /// Largest packet, in bytes, from 576 to 9000; 1500 by default.
    privatemtu: optional integer,
    /// The bridge on every host; each host's own guest bridge by default.
    bridge: optional string .max(15),
    /// For whom it is: Account: only the account; Domain (the default): a domain's accounts, or everybody's.
    acltype: optional choice<Acl>,
    /// With acltype Domain: whether accounts of domains below domainid may use it; true by default.
    subdomainaccess: optional boolean,
    /// Whether users see it; only true.
    displaynetwork: optional boolean,
    /// The account that it is made for.
    account: optional string,
    /// The domain of that account; with acltype Domain, that whose accounts may use it, in place of everybody's.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for CreateNetwork {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let offering = self.networkofferingid;
        self.check_acl(call)?;
        let mut named = vec![("zoneid", Entity::Zone, self.zoneid.uuid())];
        named.extend(self.domainid.map(|id| ("domainid", Entity::Domain, id.uuid())));
        named.extend(offering.map(|id| ("networkofferingid", Entity::NetworkOffering, id.uuid())));
        call.require(named).await?;
        let range = Range {
            gateway: self.gateway,
            netmask: self.netmask,
            start: self.startip,
            end: self.endip.unwrap_or(self.startip),
        };
        let zone = ("Zone", self.zoneid.uuid());
        let suffix = call.context.settings.text_at(&GUEST_DOMAIN, Some(zone));
        let row = self.row(call, range).await?;
        let event = call.event("NETWORK.CREATE").about("Network", row.id.uuid());
        let limits = call.context.settings.limits();
        let view = call
            .write(move |tx| {
                limit::claim(tx, &limits, row.account, &[(LimitKind::Network, 1)])?;
                let row = completed(tx, row, offering, suffix)?;
                let others = network_of_zone(tx, row.zone)?;
                let mut on_wire = others.iter().filter(|other| other.bridge == row.bridge);
                if let Some(text) = on_wire.find_map(|other| range.conflict(row.cidr, other)) {
                    return Err(Failure::invalid(text));
                }
                let on_wire = others.iter().filter(|other| other.bridge == row.bridge);
                refuse_added_ranges(tx, &row, &on_wire.map(|other| other.id).collect::<Vec<_>>())?;
                let for_all = row.acl_type == "Domain" && row.acl_domain.is_none();
                let is_default = for_all && !others.iter().any(|other| other.is_default);
                let row = NetworkRow { is_default, ..row };
                network_add(tx, &row)?;
                event.record(tx, format!("network {} was made", row.name))?;
                let filter = NetworkFilter { id: Some(row.id), ..NetworkFilter::default() };
                Ok(network_list(tx, &filter, Page::default())?.rows.pop())
            })
            .await?;
        Ok(call.object(view.map(|view| network(&view, true)).unwrap_or_default()))
    }
}

impl CreateNetwork {
    /// A network for one account names it; only that for a domain speaks of those below.
    fn check_acl(&self, call: Call<'_>) -> Result<(), Failure> {
        let for_one = self.acltype == Some(Acl::Account);
        if for_one && (self.account.is_none() || self.domainid.is_none()) {
            return Err(call.wrong(
                "acltype",
                "Account",
                "Domain, or account and domainid beside it",
            ));
        }
        if self.account.is_some() && !for_one {
            return Err(call.wrong(
                "account",
                self.account.as_deref().unwrap_or_default(),
                "acltype Account beside it",
            ));
        }
        if self.subdomainaccess.is_some() && (for_one || self.domainid.is_none()) {
            return Err(call.wrong(
                "subdomainaccess",
                "a value",
                "acltype Domain and domainid beside it",
            ));
        }
        if self.displaynetwork == Some(false) {
            return Err(call.wrong("displaynetwork", "false", "true: users see what they may use"));
        }
        Ok(())
    }

    /// The network as far as the request says it.
    async fn row(self, call: Call<'_>, range: Range) -> Result<NetworkRow, Failure> {
        let mtu = match self.privatemtu.unwrap_or(1500) {
            mtu @ 576..=9000 => mtu.unsigned_abs(),
            odd => {
                let text = odd.to_string();
                return Err(call.wrong("privatemtu", &text, "a number from 576 to 9000"));
            }
        };
        if let Some(text) = self.bridge.as_ref().filter(|text| !is_interface(text)) {
            let expected = "letters, digits, hyphens and full stops, a letter first";
            return Err(call.wrong("bridge", text, expected));
        }
        let network_domain = call.dns_domain("networkdomain", self.networkdomain)?;
        let is_account = self.acltype == Some(Acl::Account);
        Ok(NetworkRow {
            id: NetworkId::new(Uuid::new_v4()),
            display_text: self.displaytext.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            zone: self.zoneid,
            // offering, guru, type and place are known in the transaction
            offering: NetworkOfferingId::new(Uuid::nil()),
            acl_type: if is_account { "Account" } else { "Domain" }.to_owned(),
            acl_domain: self.domainid.filter(|_| !is_account),
            subdomain_access: self.subdomainaccess.unwrap_or(!is_account),
            account: call.owner(self.account, self.domainid).await?,
            guru: String::new(),
            guest_type: String::new(),
            traffic_type: "Guest".to_owned(),
            cidr: range.check().map_err(Failure::invalid)?,
            gateway: Some(range.gateway),
            start_ip: range.start,
            end_ip: range.end,
            bridge: self.bridge,
            network_domain: network_domain.unwrap_or_default(),
            dns: [self.dns1, self.dns2].into_iter().flatten().collect(),
            mtu,
            is_default: false,
            state: "Setup".to_owned(),
            created: call.now(),
        })
    }
}

/// The row with what its offering, its owner and its zone say.
fn completed(
    tx: &Tx<'_>,
    row: NetworkRow,
    offering: Option<NetworkOfferingId>,
    suffix: String,
) -> Result<NetworkRow, Failure> {
    let offering = match offering {
        Some(id) => network_offering_get(tx, id)?,
        None => network_offering_by_name(tx, DEFAULT_NETWORK_OFFERING)?.ok_or_else(|| {
            Failure::invalid("networkofferingid is missing, and there is no default offering")
        })?,
    };
    refuse_unusable(&offering, row.zone)?;
    let zone = zone_get(tx, row.zone)?;
    let network_domain = if row.network_domain.is_empty() {
        network_domain_of_owner(tx, &row)?.or(zone.network_domain).unwrap_or(suffix)
    } else {
        row.network_domain
    };
    Ok(NetworkRow {
        offering: offering.id,
        guru: offering.guru,
        guest_type: offering.guest_type,
        network_domain,
        ..row
    })
}

/// The DNS domain of those that a network is for: of its domain, or else of its account; each has what the nearest domain
/// above it has unless it has one of its own.
fn network_domain_of_owner(tx: &Tx<'_>, row: &NetworkRow) -> Result<Option<String>, Failure> {
    if let Some(domain) = row.acl_domain {
        return Ok(network_domain_within(tx, domain)?);
    }
    let owner = account_get(tx, row.account)?;
    match owner.network_domain {
        Some(own) => Ok(Some(own)),
        None => Ok(network_domain_within(tx, owner.domain)?),
    }
}

/// Networks are made of offerings that are Enabled, that the zone has, and that have a driver.
fn refuse_unusable(offering: &NetworkOfferingRow, zone: ZoneId) -> Result<(), Failure> {
    let zones = &offering.terms.zones;
    let why = if offering.guru.is_empty() {
        format!(
            "is for {} networks, of which none can be made yet; choose a Shared one",
            offering.guest_type
        )
    } else if offering.terms.is_disabled {
        "is Disabled; enable it with updateNetworkOffering".to_owned()
    } else if !zones.is_empty() && !zones.iter().any(|(id, _)| *id == zone) {
        "is not for this zone; choose another one".to_owned()
    } else {
        return Ok(());
    };
    Err(Failure::invalid(format!("networkofferingid: network offering {} {why}", offering.name)))
}

/// Addresses that networks on the same wire have beside their first range are given out once, too.
fn refuse_added_ranges(
    tx: &Tx<'_>,
    row: &NetworkRow,
    on_wire: &[NetworkId],
) -> Result<(), Failure> {
    let filter = IpRangeFilter { zone: Some(row.zone), ..IpRangeFilter::default() };
    let all = ip_range_list(tx, &filter, Page::default())?.rows;
    let of_others = all.iter().filter(|r| r.network.is_some_and(|id| on_wire.contains(&id)));
    match of_others.into_iter().find(|r| row.start_ip <= r.end && r.start <= row.end_ip) {
        None => Ok(()),
        Some(other) => Err(Failure::invalid(format!(
            "startip {} to endip {} overlaps with {} to {} of a network on the same bridge",
            row.start_ip, row.end_ip, other.start, other.end
        ))),
    }
}

/// The name of a network interface of Linux, as far as it is sensible.
fn is_interface(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}
