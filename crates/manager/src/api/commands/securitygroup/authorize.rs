//! `authorizeSecurityGroupIngress` and `-Egress`: adds rules to a security group, one for each other end.
//!
//! They answer with a job that is over, as clients expect of these commands; there is nothing on hosts to wait for
//! until hosts enforce the rules.

use hostler_model::{DomainId, RuleDirection, SecurityGroupId, SecurityRuleId};
use hostler_query_api::{Answer, Records, api_command};
use hostler_store::job::job_add_done;
use hostler_store::security_group_view::security_group_view;
use hostler_store::security_rule::{NewSecurityRule, RulePeer, security_rule_add};
use serde_json::json;
use uuid::Uuid;

use super::rule::{Said, Which, group_peers, groups, subnets, traffic};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::group::SECURITY_RULE;

macro_rules! authorize {
    ($(#[doc = $doc:literal])+ $command:ident = $name:literal, $key:literal, $direction:expr) => {
        api_command! {
            $(#[doc = $doc])+
            pub(crate) struct $command = $name, asynchronous
                .object($key).shape(&SECURITY_RULE).in_projects();

            /// The group; or give its name.
            securitygroupid: optional uuid<SecurityGroupId> .entity("securitygroup"),
            /// Its name, in place of its id.
            securitygroupname: optional string,
            /// With a name: the account that the group belongs to.
            account: optional string,
            /// The domain of that account.
            domainid: optional uuid<DomainId> .entity("domain"),
            /// What is let through: tcp, udp, icmp, all (the default), or a protocol's number.
            protocol: optional string,
            /// First port, for tcp and udp; all ports without it.
            startport: optional integer,
            /// Last port; the first one without it.
            endport: optional integer,
            /// Type of ICMP messages; -1, the default, for all.
            icmptype: optional integer,
            /// Code of ICMP messages; -1, the default, for all.
            icmpcode: optional integer,
            /// Subnets at the other end, each as 10.1.0.0/16.
            cidrlist: optional list<String>,
            /// Groups at the other end, as usersecuritygrouplist[0].account and .group.
            usersecuritygrouplist: optional records,
        }

        impl Handler for $command {
            async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
                let wanted = Wanted {
                    id: self.securitygroupid,
                    name: self.securitygroupname,
                    owner: (self.account, self.domainid),
                    said: Said {
                        protocol: self.protocol,
                        ports: (self.startport, self.endport),
                        icmp: (self.icmptype, self.icmpcode),
                    },
                    cidrs: self.cidrlist,
                    groups: self.usersecuritygrouplist,
                };
                authorize(call, wanted, $direction).await
            }
        }
    };
}

authorize! {
    /// Lets traffic to the VMs of a security group. The rule is recorded; hosts do not enforce it yet.
    AuthorizeSecurityGroupIngress = "authorizeSecurityGroupIngress", "ingressrule", RuleDirection::Ingress
}

authorize! {
    /// Lets traffic from the VMs of a security group; without any such rule all is let. The rule is recorded; hosts do not enforce it yet.
    AuthorizeSecurityGroupEgress = "authorizeSecurityGroupEgress", "egressrule", RuleDirection::Egress
}

/// What a request says, whichever way the traffic goes.
struct Wanted {
    id: Option<SecurityGroupId>,
    name: Option<String>,
    owner: (Option<String>, Option<DomainId>),
    said: Said,
    cidrs: Option<Vec<String>>,
    groups: Option<Records>,
}

async fn authorize(
    call: Call<'_>,
    wanted: Wanted,
    direction: RuleDirection,
) -> Result<Answer, Failure> {
    let traffic = traffic(&wanted.said).map_err(Failure::invalid)?;
    let subnets = subnets(wanted.cidrs.as_deref()).map_err(Failure::invalid)?;
    let named = groups(wanted.groups.as_ref()).map_err(Failure::invalid)?;
    if subnets.is_empty() && named.is_empty() {
        return Err(Failure::invalid(
            "cidrlist: a rule needs subnets (cidrlist) or groups (usersecuritygrouplist) at its other end",
        ));
    }
    let which = ("securitygroupid", wanted.id);
    let which = Which::of(call, which, ("securitygroupname", wanted.name));
    let which = which.owned(wanted.owner.0, wanted.owner.1).await?;
    let (now, caller, command) = (call.now(), call.caller().clone(), call.command.name);
    let event = call.event(match direction {
        RuleDirection::Ingress => "SG.AUTH.INGRESS",
        RuleDirection::Egress => "SG.AUTH.EGRESS",
    });
    let job = call
        .write(move |tx| {
            let group = which.find(tx)?;
            let domain = security_group_view(tx, group.id)?.domain;
            let peers = [subnets, group_peers(tx, domain, &named)?].concat();
            let add = |peer: RulePeer| {
                let (id, traffic) = (SecurityRuleId::new(Uuid::now_v7()), traffic.clone());
                let rule = NewSecurityRule { id, group: group.id, direction, traffic, peer };
                security_rule_add(tx, &rule, now).map(|()| id)
            };
            let rules = peers.into_iter().map(add).collect::<Result<Vec<_>, _>>()?;
            let subject = ("SecurityGroup", group.id.uuid());
            let text = format!("security group {} has {} more rules", group.name, rules.len());
            event.about(subject.0, subject.1).record(tx, text)?;
            let job = caller.job("securitygroup.authorize", command, subject, json!({}), &[]);
            job_add_done(tx, &job, &json!({"securitygroup": group.id, "rules": rules}), now)?;
            Ok(job.id)
        })
        .await?;
    Ok(Answer::job(call.command, None, job.uuid()))
}
