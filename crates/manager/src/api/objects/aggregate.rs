//! Host aggregates in answers.

use hostler_model::HostId;
use hostler_store::host_aggregate::HostAggregateView;

use super::{api_object, date};

api_object! {
    /// A host of an aggregate.
    AGGREGATE_HOST = "HostAggregateMemberResponse", member(of: &(HostId, String)) {
        "id" string "its id" => of.0,
        "name" string "its name" => of.1,
    }
}

api_object! {
    /// Hosts that stand together.
    HOST_AGGREGATE = "HostAggregateResponse", host_aggregate(view: &HostAggregateView) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "zoneid" string "the zone of its hosts" => view.row.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "availabilityzone" string "what deployVirtualMachine calls it, if users can ask for it" => view.row.availability_zone,
        "hosttags" string "tags that its hosts have beside their own, separated by commas" => view.row.tags,
        "hosts" list(AGGREGATE_HOST) "its hosts" => view.hosts.iter().map(member).collect::<Vec<_>>(),
        "created" date "when it was made" => date(view.row.created),
    }
}
