//! Machines that are hosts, or were: their agent is put to this manager's version, or all of ours is taken off.
//!
//! Not here: how a machine is prepared (`kvm`), taking a host out of the record (`mod.rs`).

use std::net::SocketAddr;

use hostler_model::{AllocationState, HostId};
use hostler_store::StoreError;
use hostler_store::cluster::{ClusterRow, cluster_get};
use hostler_store::host::{self, HostRow};
use tracing::Instrument as _;

use super::stages::{AddHostError, Failure, Stage, Stages};
use super::{Access, AddHostRequest, Onboarding, Turn};

impl Onboarding {
    /// Puts the agent of a host to this manager's version and its settings as this manager writes them, and waits
    /// until it is Up again. VMs that run there do not notice. It goes on when its caller goes away.
    ///
    /// # Errors
    /// [`AddHostError`] names the stage; `setup-agent` then has put the machine back as it was.
    pub async fn upgrade_host(
        &self,
        host: HostId,
        access: Access,
    ) -> Result<Vec<Stage>, AddHostError> {
        let own = self.clone();
        let name = access.host.clone();
        let upgrading = async move { own.upgrade(host, access).await };
        match tokio::spawn(upgrading.in_current_span()).await {
            Ok(result) => result,
            Err(e) => Err(AddHostError::bug(name, &e)),
        }
    }

    async fn upgrade(&self, host: HostId, access: Access) -> Result<Vec<Stage>, AddHostError> {
        let mut stages = Stages::new(&access.host);
        let request = stages.run("record", self.request_for(host, access)).await?;
        let locating = self.locate(&request.hypervisor, &request.access);
        let (discoverer, address) = stages.run("resolve", locating).await?;
        let _turn = stages.run("turn", async { self.turn(address) }).await?;
        self.prepare(discoverer, address, &request, &mut stages).await?;
        Ok(stages.done())
    }

    fn turn(&self, address: SocketAddr) -> Result<(Turn, String), Failure> {
        Ok((self.take_turn(address)?, format!("nobody else prepares {address}")))
    }

    /// What the machine of this host was added with.
    async fn request_for(
        &self,
        host: HostId,
        access: Access,
    ) -> Result<(AddHostRequest, String), Failure> {
        let read = self.means.store.read(move |tx| {
            let row = host::host_get(tx, host)?;
            let cluster = row.cluster.map(|id| cluster_get(tx, id)).transpose()?;
            Ok((row, cluster))
        });
        let (row, cluster): (HostRow, Option<ClusterRow>) =
            read.await.map_err(|e: StoreError| Failure::from(e))?;
        let Some(cluster) = cluster else {
            return Err(Failure::new(format!(
                "{} is an image worker, not a host of VMs",
                row.name
            )));
        };
        let detail = format!("host {} has agent {}", row.name, row.agent_version);
        let request = AddHostRequest {
            zone: row.zone,
            pod: cluster.pod,
            cluster: cluster.id,
            hypervisor: cluster.hypervisor,
            access,
            known: Some(row.guid),
            tags: None,
            admin_state: AllocationState::Enabled,
            guest_device: None,
            private_device: None,
            public_device: None,
            caller: None,
        };
        Ok((request, detail))
    }

    /// Takes off a machine what adding it has put there; with `packages`, the packages that came with it too. VMs
    /// that run there are not touched.
    ///
    /// # Errors
    /// [`AddHostError`] names the stage. A machine that is a host of this cloud is refused.
    pub async fn clean_machine(
        &self,
        hypervisor: &str,
        access: &Access,
        packages: bool,
    ) -> Result<Vec<Stage>, AddHostError> {
        let mut stages = Stages::new(&access.host);
        let (discoverer, address) = stages.run("resolve", self.locate(hypervisor, access)).await?;
        let _turn = stages.run("not-a-host", self.refuse_host(address)).await?;
        discoverer.clean(address, access, packages, &mut stages).await?;
        Ok(stages.done())
    }

    async fn refuse_host(&self, address: SocketAddr) -> Result<(Turn, String), Failure> {
        let turn = self.take_turn(address)?;
        let ip = address.ip();
        let known = self.means.store.read(move |tx| host::host_by_address(tx, ip)).await;
        match known.map_err(|e: StoreError| Failure::from(e))? {
            Some(row) => Err(Failure::new(format!(
                "{ip} is host {} of this cloud ({}); remove it first",
                row.name, row.status
            ))),
            None => Ok((turn, "no host has this address".to_owned())),
        }
    }
}
