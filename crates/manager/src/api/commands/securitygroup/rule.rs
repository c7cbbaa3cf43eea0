//! Which security group a request means, and what its rules let through.

use std::collections::BTreeMap;

use hostler_model::{AccountId, DomainId, SecurityGroupId, Timestamp};
use hostler_query_api::Records;
use hostler_store::Tx;
use hostler_store::account::account_by_name;
use hostler_store::reference::Entity;
use hostler_store::security_group::{
    DEFAULT, SecurityGroupRow, security_group_add, security_group_get, security_group_named,
};
use hostler_store::security_rule::{RulePeer, RuleTraffic};
use ipnet::IpNet;
use uuid::Uuid;

use crate::api::call::Call;
use crate::api::failure::Failure;

/// A group by its id, or by its name in an account.
pub(super) struct Which<'a> {
    call: Call<'a>,
    id: (&'static str, Option<SecurityGroupId>),
    name: (&'static str, Option<String>),
}

impl<'a> Which<'a> {
    /// What a request says, each with the parameter's name.
    pub(super) fn of(
        call: Call<'a>,
        id: (&'static str, Option<SecurityGroupId>),
        name: (&'static str, Option<String>),
    ) -> Self {
        Self { call, id, name }
    }

    /// The group, which the caller may see, or its name in the account that the request means.
    pub(super) async fn owned(
        self,
        account: Option<String>,
        domain: Option<DomainId>,
    ) -> Result<Found, Failure> {
        match (self.id, self.name) {
            ((param, Some(id)), (_, None)) => {
                self.call.require(vec![(param, Entity::SecurityGroup, id.uuid())]).await?;
                Ok(Found::Id(id))
            }
            ((_, None), (param, Some(name))) => {
                let account = self.call.owner(account, domain).await?;
                Ok(Found::Name { param, account, name, now: self.call.now() })
            }
            ((id, _), (name, _)) => Err(Failure::invalid(format!(
                "give exactly one of {id} and {name}, so that one security group is meant"
            ))),
        }
    }
}

/// A group that is looked for in the transaction.
pub(super) enum Found {
    Id(SecurityGroupId),
    Name { param: &'static str, account: AccountId, name: String, now: Timestamp },
}

impl Found {
    /// The group. An account's default group is made if it is asked for before any VM needed it.
    pub(super) fn find(self, tx: &Tx<'_>) -> Result<SecurityGroupRow, Failure> {
        match self {
            Self::Id(id) => Ok(security_group_get(tx, id)?),
            Self::Name { param, account, name, now } => {
                if let Some(row) = security_group_named(tx, account, &name)? {
                    return Ok(row);
                }
                if name != DEFAULT {
                    return Err(Failure::invalid(format!(
                        "{param}: there is no security group named {name}; \
                         listSecurityGroups names those that exist"
                    )));
                }
                let id = SecurityGroupId::new(Uuid::now_v7());
                let row = SecurityGroupRow::default_of(account, id, now);
                security_group_add(tx, &row)?;
                Ok(row)
            }
        }
    }
}

/// What a request says of the traffic: protocol, first and last port, type and code of ICMP.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) protocol: Option<String>,
    pub(super) ports: (Option<i32>, Option<i32>),
    pub(super) icmp: (Option<i32>, Option<i32>),
}

/// What a rule lets through.
///
/// # Errors
/// What is wrong, beginning with the parameter's name.
pub(super) fn traffic(said: &Said) -> Result<RuleTraffic, String> {
    let named = said.protocol.as_deref().map_or("all", str::trim).to_lowercase();
    let protocol = match named.parse::<u8>() {
        Ok(6) => "tcp".to_owned(),
        Ok(17) => "udp".to_owned(),
        Ok(1) => "icmp".to_owned(),
        Ok(number) => number.to_string(),
        Err(_) if matches!(named.as_str(), "tcp" | "udp" | "icmp" | "all") => named,
        Err(_) => {
            let expected = "tcp, udp, icmp, all or a protocol's number";
            return Err(format!("protocol: {named:?} is none; expected {expected}"));
        }
    };
    let has_ports = matches!(protocol.as_str(), "tcp" | "udp");
    let is_icmp = protocol == "icmp";
    if !has_ports && (said.ports.0.is_some() || said.ports.1.is_some()) {
        return Err(format!("startport: {protocol} has no ports; leave startport and endport out"));
    }
    if !is_icmp && (said.icmp.0.is_some() || said.icmp.1.is_some()) {
        return Err(format!(
            "icmptype: only icmp has types; leave it and icmpcode out for {protocol}"
        ));
    }
    let ports = if has_ports { ports(said.ports)? } else { None };
    let icmp = if is_icmp {
        let of = |param: &str, value: Option<i32>| match i16::try_from(value.unwrap_or(-1)) {
            Ok(number @ -1..=255) => Ok(number),
            _ => Err(format!("{param}: expected a number from -1 (all) to 255")),
        };
        Some((of("icmptype", said.icmp.0)?, of("icmpcode", said.icmp.1)?))
    } else {
        None
    };
    Ok(RuleTraffic { protocol, ports, icmp })
}

fn ports(said: (Option<i32>, Option<i32>)) -> Result<Option<(u16, u16)>, String> {
    let of = |param: &str, value: i32| {
        u16::try_from(value).map_err(|_| format!("{param}: {value} is no port from 0 to 65535"))
    };
    match said {
        (None, None) => Ok(None),
        (None, Some(_)) => Err("startport: it is missing beside endport".to_owned()),
        (Some(first), last) => {
            let first_port = of("startport", first)?;
            let last_port = of("endport", last.unwrap_or(first))?;
            if last_port < first_port {
                return Err(format!("endport: {last_port} is below startport, {first_port}"));
            }
            Ok(Some((first_port, last_port)))
        }
    }
}

/// The subnets of a rule.
///
/// # Errors
/// What is wrong, beginning with the parameter's name.
pub(super) fn subnets(list: Option<&[String]>) -> Result<Vec<RulePeer>, String> {
    let of = |text: &String| {
        text.parse::<IpNet>().map(|net| RulePeer::Cidr(net.to_string())).map_err(|_| {
            format!("cidrlist: {text:?} is no subnet like 10.1.0.0/16 or 2001:db8::/32")
        })
    };
    list.unwrap_or_default().iter().map(of).collect()
}

/// Accounts and groups of `usersecuritygrouplist[n].account` and `.group`.
///
/// # Errors
/// What is wrong, beginning with the parameter's name.
pub(super) fn groups(list: Option<&Records>) -> Result<Vec<(String, String)>, String> {
    let of = |record: &BTreeMap<String, String>| {
        let field = |name: &str| record.get(name).filter(|text| !text.is_empty()).cloned();
        field("account").zip(field("group")).ok_or_else(|| {
            "usersecuritygrouplist: each entry needs its fields account and group".to_owned()
        })
    };
    list.into_iter().flatten().map(of).collect()
}

/// The groups of those names in a domain.
pub(super) fn group_peers(
    tx: &Tx<'_>,
    domain: DomainId,
    named: &[(String, String)],
) -> Result<Vec<RulePeer>, Failure> {
    let mut peers = Vec::with_capacity(named.len());
    for (account, group) in named {
        let found = match account_by_name(tx, domain, account)? {
            Some(account) => security_group_named(tx, account, group)?,
            None => None,
        };
        let row = found.ok_or_else(|| {
            Failure::invalid(format!(
                "usersecuritygrouplist: account {account} has no security group named {group} in this domain"
            ))
        })?;
        peers.push(RulePeer::Group(row.id));
    }
    Ok(peers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(protocol: &str, first: Option<i32>, last: Option<i32>) -> Said {
        Said { protocol: Some(protocol.to_owned()), ports: (first, last), icmp: (None, None) }
    }

    #[test]
    fn a_protocol_is_known_by_name_and_by_number() {
        for (text, known) in
            [("TCP", "tcp"), ("17", "udp"), ("1", "icmp"), ("47", "47"), ("all", "all")]
        {
            assert_eq!(traffic(&said(text, None, None)).unwrap().protocol, known);
        }
        assert_eq!(traffic(&Said::default()).unwrap().protocol, "all");
        for odd in ["tcpp", "256", "-1", ""] {
            assert!(traffic(&said(odd, None, None)).is_err(), "{odd}");
        }
    }

    #[test]
    fn one_port_alone_is_first_and_last_and_a_range_does_not_run_backwards() {
        assert_eq!(traffic(&said("tcp", Some(22), None)).unwrap().ports, Some((22, 22)));
        assert_eq!(traffic(&said("udp", Some(1), Some(65_535))).unwrap().ports, Some((1, 65_535)));
        for (first, last) in [(Some(23), Some(22)), (None, Some(22)), (Some(65_536), None)] {
            assert!(traffic(&said("tcp", first, last)).is_err(), "{first:?} {last:?}");
        }
        assert!(traffic(&said("all", Some(22), None)).unwrap_err().starts_with("startport"));
    }

    #[test]
    fn icmp_without_type_and_code_means_every_message() {
        let wanted = Said { protocol: Some("icmp".to_owned()), ..Said::default() };
        assert_eq!(traffic(&wanted).unwrap().icmp, Some((-1, -1)));
        let odd = Said { icmp: (Some(256), None), ..wanted };
        assert!(traffic(&odd).unwrap_err().starts_with("icmptype"));
        let odd =
            Said { protocol: Some("tcp".to_owned()), icmp: (Some(8), None), ..Said::default() };
        assert!(traffic(&odd).is_err());
    }

    #[test]
    fn subnets_of_both_families_are_taken_and_nothing_else() {
        let list = ["10.0.0.0/8", "::/0"].map(str::to_owned);
        assert_eq!(subnets(Some(&list)).unwrap().len(), 2);
        assert!(subnets(Some(&["10.0.0.0/33".to_owned()])).is_err());
        assert!(subnets(Some(&["10.0.0.1".to_owned()])).is_err());
    }
}
