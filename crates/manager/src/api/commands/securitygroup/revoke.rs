//! `revokeSecurityGroupIngress` and `-Egress`: takes a rule away from a security group.

use hostler_model::{RuleDirection, SecurityRuleId};
use hostler_query_api::{Answer, api_command};
use hostler_store::job::job_add_done;
use hostler_store::reference::{Entity, references_missing};
use hostler_store::security_rule::{security_rule_group, security_rule_remove};
use serde_json::json;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

macro_rules! revoke {
    ($(#[doc = $doc:literal])+ $command:ident = $name:literal, $direction:expr) => {
        api_command! {
            $(#[doc = $doc])+
            pub(crate) struct $command = $name, asynchronous;

            /// The rule, by the ruleid of answers.
            id: required uuid<SecurityRuleId> .entity("securitygrouprule"),
        }

        impl Handler for $command {
            async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
                revoke(call, self.id, $direction).await
            }
        }
    };
}

revoke! {
    /// Takes away a rule that let traffic to the VMs of a security group.
    RevokeSecurityGroupIngress = "revokeSecurityGroupIngress", RuleDirection::Ingress
}

revoke! {
    /// Takes away a rule that let traffic from the VMs of a security group.
    RevokeSecurityGroupEgress = "revokeSecurityGroupEgress", RuleDirection::Egress
}

async fn revoke(
    call: Call<'_>,
    id: SecurityRuleId,
    direction: RuleDirection,
) -> Result<Answer, Failure> {
    let (now, caller, command) = (call.now(), call.caller().clone(), call.command.name);
    let (sight, unknown) = (call.identity.sight(), call.unknown("id", id));
    let event = call.event(match direction {
        RuleDirection::Ingress => "SG.REVOKE.INGRESS",
        RuleDirection::Egress => "SG.REVOKE.EGRESS",
    });
    let job = call
        .write(move |tx| {
            let Some(group) = security_rule_group(tx, id, direction)? else { return Err(unknown) };
            let named = [(Entity::SecurityGroup, group.uuid())];
            if !references_missing(tx, &named, &sight)?.is_empty() {
                return Err(unknown);
            }
            security_rule_remove(tx, id)?;
            let subject = ("SecurityGroup", group.uuid());
            let text = format!("rule {id} of security group {group} was taken away");
            event.about(subject.0, subject.1).record(tx, text)?;
            let job = caller.job("securitygroup.revoke", command, subject, json!({}), &[]);
            job_add_done(tx, &job, &json!({"success": true}), now)?;
            Ok(job.id)
        })
        .await?;
    Ok(Answer::job(call.command, None, job.uuid()))
}
