//! `AvailabilityZoneFilter`: a VM may ask for hosts that share a fate, or for others.

use crate::{Demand, Filter, HostView, Refusal};

/// Lets through the hosts of the availability zone that was asked for, or every host if none was.
#[derive(Debug)]
pub(super) struct AvailabilityZoneFilter;

impl Filter for AvailabilityZoneFilter {
    fn name(&self) -> &'static str {
        "AvailabilityZoneFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts of the availability zone that was asked for, or every host if none was"
    }

    fn is_static(&self) -> bool {
        true
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        match &demand.availability_zone {
            Some(wanted) if !host.availability_zones.contains(wanted) => {
                Err(Refusal::OtherAvailabilityZone)
            }
            _ => Ok(()),
        }
    }
}
