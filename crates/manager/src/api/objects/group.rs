//! Security groups, affinity groups and instance groups in answers.

use hostler_model::{AffinityKind, RuleDirection};
use hostler_store::affinity_group::AffinityGroupView;
use hostler_store::instance_group::InstanceGroupView;
use hostler_store::security_group_view::SecurityGroupView;
use hostler_store::security_rule::SecurityRuleView;
use hostler_store::vm_view::GroupOfVm;
use serde_json::Value;

use super::{api_object, date, no_items};

api_object! {
    /// A rule of a security group.
    SECURITY_RULE = "ingressrule", security_rule(view: &SecurityRuleView) {
        "ruleid" string "its id" => view.id,
        "protocol" string "tcp, udp, icmp, all, or a protocol's number" => view.traffic.protocol,
        "startport" integer "first port; without it, all" => view.traffic.ports.map(|ports| ports.0),
        "endport" integer "last port" => view.traffic.ports.map(|ports| ports.1),
        "icmptype" integer "type of ICMP messages, -1 for all" => view.traffic.icmp.map(|icmp| icmp.0),
        "icmpcode" integer "code of ICMP messages, -1 for all" => view.traffic.icmp.map(|icmp| icmp.1),
        "cidr" string "the subnet at the other end" => view.cidr,
        "account" string "whose the group at the other end is" => view.peer.as_ref().map(|peer| &peer.0),
        "securitygroupname" string "the group at the other end" => view.peer.as_ref().map(|peer| &peer.1),
    }
}

api_object! {
    /// A security group.
    SECURITY_GROUP = "securitygroup", security_group(view: &SecurityGroupView) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "description" string "what it is for, for people" => view.row.description,
        "account" string "whose it is" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
        "ingressrule" set(SECURITY_RULE) "what may go to its VMs" => rules(view, RuleDirection::Ingress),
        "egressrule" set(SECURITY_RULE) "what may come from its VMs; none: everything" =>
            rules(view, RuleDirection::Egress),
        "virtualmachinecount" integer "how many VMs are in it" => view.vms.len(),
        "virtualmachineids" set "which VMs are in it" => view.vms,
        "tags" set "tags, none yet" => no_items(),
    }
}

fn rules(view: &SecurityGroupView, direction: RuleDirection) -> Vec<Value> {
    view.rules.iter().filter(|rule| rule.direction == direction).map(security_rule).collect()
}

api_object! {
    /// A security group that a VM is in.
    VM_SECURITY_GROUP = "securitygroup", vm_security_group(group: &GroupOfVm) {
        "id" string "its id" => group.id,
        "name" string "its name" => group.name,
        "description" string "what it is for, for people" => group.description,
        "account" string "whose it is" => group.account_name,
    }
}

api_object! {
    /// An affinity group.
    AFFINITY_GROUP = "affinitygroup", affinity_group(view: &AffinityGroupView) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "description" string "what it is for, for people" => view.row.description,
        "type" string "where its VMs are to run" => view.row.kind,
        "account" string "whose it is" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
        "virtualmachineIds" list "which VMs are in it" => view.vms,
    }
}

api_object! {
    /// An affinity group that a VM is in.
    VM_AFFINITY_GROUP = "affinitygroup", vm_affinity_group(group: &GroupOfVm) {
        "id" string "its id" => group.id,
        "name" string "its name" => group.name,
        "description" string "what it is for, for people" => group.description,
        "type" string "where its VMs are to run" => group.kind,
        "account" string "whose it is" => group.account_name,
    }
}

api_object! {
    /// A type of affinity group.
    AFFINITY_TYPE = "AffinityGroupTypeResponse", affinity_type(kind: AffinityKind) {
        "type" string "where the VMs of such a group are to run" => kind,
    }
}

api_object! {
    /// A name that VMs are grouped under.
    INSTANCE_GROUP = "InstanceGroupResponse", instance_group(view: &InstanceGroupView) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "account" string "whose it is" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
        "created" date "since when there has been one" => date(view.row.created),
    }
}
