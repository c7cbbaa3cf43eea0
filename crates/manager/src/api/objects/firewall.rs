//! Rules of firewalls, virtual private clouds and access lists: shapes only, for there are none.

use super::api_shape;

api_shape! {
    /// A rule of a firewall.
    FIREWALL = "FirewallResponse" {
        "id" string "its id",
        "protocol" string "tcp, udp or icmp",
        "startport" integer "the first port",
        "endport" integer "the last port",
        "cidrlist" string "the subnets from which it may come",
        "ipaddressid" string "the public address",
        "networkid" string "the network",
        "state" string "whether it holds",
    }
}

api_shape! {
    /// A virtual private cloud.
    VPC = "VpcResponse" {
        "id" string "its id",
        "name" string "its name",
        "zoneid" string "the zone that it is in",
        "state" string "whether it can be used",
    }
}

api_shape! {
    /// An access list.
    ACL_LIST = "NetworkACLResponse" {
        "id" string "its id",
        "name" string "its name",
        "description" string "what it is, for people",
        "vpcid" string "the VPC that it is of",
    }
}

api_shape! {
    /// A rule of an access list.
    ACL_ITEM = "NetworkACLItemResponse" {
        "id" string "its id",
        "aclid" string "the list that it is in",
        "protocol" string "tcp, udp, icmp or all",
        "action" string "allow or deny",
    }
}

api_shape! {
    /// A rule of a load balancer.
    LOAD_BALANCER = "loadbalancerrule" {
        "id" string "its id",
        "name" string "its name",
        "networkid" string "the network",
        "publicip" string "the public address",
        "state" string "whether it holds",
    }
}
