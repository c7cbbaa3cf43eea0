//! `WantedHostFilter`: an administrator may name the host, or the cluster or pod that it is to be in.

use crate::{Demand, Filter, HostView, Refusal};

/// Lets through the host that was asked for, hosts of the cluster or pod that was, or every host if none was.
#[derive(Debug)]
pub(super) struct WantedHostFilter;

impl Filter for WantedHostFilter {
    fn name(&self) -> &'static str {
        "WantedHostFilter"
    }

    fn meaning(&self) -> &'static str {
        "the host, or hosts of the cluster or pod, that was asked for, or every host if none was"
    }

    fn is_static(&self) -> bool {
        true
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        if demand.wanted.is_some_and(|wanted| wanted != host.id) {
            return Err(Refusal::OtherHost);
        }
        if demand.wanted_cluster.is_some_and(|wanted| wanted != host.cluster) {
            return Err(Refusal::OtherCluster);
        }
        if demand.wanted_pod.is_some_and(|wanted| wanted != host.pod) {
            return Err(Refusal::OtherPod);
        }
        Ok(())
    }
}
