//! A whole cloud in one process: a real manager, real agents over in-memory hypervisors, real TLS between them.
//!
//! Not here: libvirt, QEMU and sshd; the lab has those.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use hostler_manager::ca::Authority;
use hostler_manager::config::Config;
use hostler_manager::context::Context;
use hostler_manager::manager::Manager;
use hostler_manager::orchestration::vm::{DeployRequest, deploy};
use hostler_manager::orchestration::{Caller, audit, template};
use hostler_model::{
    AccountType, HostGuid, HostId, JobId, JobState, Mib, TemplateId, TemplateState, VmId, VmState,
};
use hostler_store::audit::{Difference, audit_books};
use hostler_store::domain::domain_by_path;
use hostler_store::job::job_state;
use hostler_store::limit::LimitDefaults;
use hostler_store::template::{TemplateChoices, template_get};
use hostler_store::user::user_by_name;
use hostler_store::vm::vm_get;
use hostler_store::{Store, StoreError};

use crate::books::Books;
use crate::furnish::{Catalogue, furnish};
use crate::http::Api;
use crate::simulated::{Place, SimulatedHost};

/// How long anything in a test may take before the test says what it waited for.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A cloud.
#[derive(Debug)]
pub struct Cloud {
    /// Its manager; nothing while it is stopped.
    pub manager: Option<Manager>,
    /// Its hosts.
    pub hosts: Vec<SimulatedHost>,
    /// What it has.
    pub catalogue: Catalogue,
    /// The manager's database.
    store: Store,
    /// Its image worker.
    pub worker: SimulatedHost,
    config: Config,
    folder: tempfile::TempDir,
}

impl Cloud {
    /// A cloud with so many hosts, all Up, each with 4 CPUs of 2000 MHz and 8 GiB.
    ///
    /// # Errors
    /// What went wrong, and where.
    pub async fn with_hosts(count: usize) -> anyhow::Result<Self> {
        Self::configured(&vec![Mib(8192); count], |_| ()).await
    }

    /// The same with one host for each amount of memory.
    ///
    /// # Errors
    /// What went wrong, and where.
    pub async fn with_memory(memory: &[Mib]) -> anyhow::Result<Self> {
        Self::configured(memory, |_| ()).await
    }

    /// The same, with what `tune` changes of the manager's configuration.
    ///
    /// # Errors
    /// What went wrong, and where.
    pub async fn configured(
        memory: &[Mib],
        tune: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut config = config(&folder.path().join("manager"));
        tune(&mut config);
        let manager = Manager::start(config.clone()).await.context("start the manager")?;
        let catalogue = furnish(&manager.context).await.context("furnish the cloud")?;
        let port = manager.agents.port();
        let authority = Authority::open(&config.state_dir.join("pki"))?;
        let place = |name: String| Place { folder: folder.path().join(&name), name, port };
        let mut worker = SimulatedHost::worker(&authority, &place("worker".to_owned()))?;
        worker.begin();
        let mut hosts = Vec::new();
        for (number, memory) in (1..).zip(memory) {
            let at = place(format!("h{number}"));
            let mut host = SimulatedHost::routing_with(&authority, &at, *memory)?;
            host.begin();
            hosts.push(host);
        }
        // one of its own, which outlives managers
        let store = Store::open(&config.state_dir.join("hostler.db"))?;
        let manager = Some(manager);
        let mut cloud = Self { manager, hosts, catalogue, store, worker, config, folder };
        cloud.all_up().await?;
        cloud.catalogue.template = cloud.register_template().await?;
        Ok(cloud)
    }

    /// The manager's parts.
    ///
    /// # Panics
    /// While the manager is stopped.
    pub fn context(&self) -> &Context {
        &self.manager.as_ref().expect("the manager runs").context
    }

    /// The manager's database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Stops the manager as a shutdown does, and starts it again on the same ports.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn restart_manager(&mut self) -> anyhow::Result<()> {
        self.stop_manager().await;
        self.manager = Some(Manager::start(self.config.clone()).await?);
        self.all_up().await
    }

    /// Stops the manager as a shutdown does. How another one is to run in its place, on the same ports.
    pub async fn stop_manager(&mut self) -> Config {
        if let Some(manager) = self.manager.take() {
            (self.config.api_listen, self.config.agent_listen) = (manager.api, manager.agents);
            manager.stop().await;
        }
        self.config.clone()
    }

    /// Stops the manager, and starts one on the state in another directory, on the same ports.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn begin_in(&mut self, state_dir: &Path, read_only: bool) -> anyhow::Result<()> {
        self.stop_manager().await;
        state_dir.clone_into(&mut self.config.state_dir);
        self.config.read_only = read_only;
        self.manager = Some(Manager::start(self.config.clone()).await?);
        self.store = Store::open(&state_dir.join("hostler.db"))?;
        self.all_up().await
    }

    /// Waits until every host and the image worker are Up.
    ///
    /// # Errors
    /// If that takes too long.
    pub async fn all_up(&self) -> anyhow::Result<()> {
        for host in self.hosts.iter().chain([&self.worker]) {
            self.host_id(host.guid).await?;
        }
        Ok(())
    }

    /// The id of a machine, once it is Up.
    ///
    /// # Errors
    /// If it does not come Up.
    pub async fn host_id(&self, guid: HostGuid) -> anyhow::Result<HostId> {
        let agents = &self.context().agents;
        let mut news = agents.subscribe();
        let up = async {
            loop {
                if let Some(host) = agents.up_by_guid(guid) {
                    return host;
                }
                let _ = news.recv().await;
            }
        };
        tokio::time::timeout(PATIENCE, up).await.map_err(|_| anyhow!("{guid} does not come Up"))
    }

    /// The administrator, as services see it.
    ///
    /// # Errors
    /// If there is none.
    pub async fn admin(&self) -> anyhow::Result<Caller> {
        admin(self.store()).await
    }

    /// The API as its first administrator uses it.
    ///
    /// # Errors
    /// If there is no manager just now.
    pub fn admin_api(&self) -> anyhow::Result<Api> {
        let manager = self.manager.as_ref().context("the manager is not there")?;
        Api::admin(manager.api, &self.folder().join("manager"))
    }

    /// Asks for a VM of the catalogue's offering and template.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn deploy(&self, name: &str) -> anyhow::Result<(VmId, JobId)> {
        let request = self.request(name);
        Ok(deploy(self.context(), &self.admin().await?, request).await?)
    }

    /// A request for a VM of the catalogue's offering and template.
    pub fn request(&self, name: &str) -> DeployRequest {
        let c = self.catalogue;
        let name = Some(name.to_owned());
        DeployRequest { name, ..DeployRequest::new(c.zone, c.offering, c.template) }
    }

    /// Waits for the end of a job: its final state and, if it failed, why.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn ended(&self, job: JobId) -> anyhow::Result<(JobState, String)> {
        let ended = async {
            // the store tells nobody of its changes yet; a test may look again and again
            loop {
                let (state, text) = how_it_stands(self.store(), job).await?;
                if state.is_final() || state == JobState::NeedsHelp {
                    return Ok((state, text));
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, ended).await {
            Ok(ended) => ended,
            Err(_) => {
                bail!("job {job} does not end: {:?}", how_it_stands(self.store(), job).await?)
            }
        }
    }

    /// Waits until the first job on a thing has succeeded, for instance the one that fetches a template.
    ///
    /// # Errors
    /// If there is none, or it does not succeed.
    pub async fn ended_of(&self, subject: &str) -> anyhow::Result<()> {
        let books = Books::open(&self.folder().join("manager/hostler.db"))?;
        let sql = format!("SELECT id FROM job WHERE subject = '{subject}' ORDER BY number LIMIT 1");
        let job = books.value(&sql)?.ok_or_else(|| anyhow!("no job on {subject}"))?;
        match self.ended(job.parse()?).await? {
            (JobState::Succeeded, _) => Ok(()),
            (state, why) => bail!("job {job} on {subject} is {state}: {why}"),
        }
    }

    /// Waits until a VM is in `state`.
    ///
    /// # Errors
    /// If it does not get there.
    pub async fn vm_is(&self, vm: VmId, state: VmState) -> anyhow::Result<()> {
        let there = async {
            loop {
                if self.vm_state(vm).await? == state {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, there).await {
            Ok(there) => there,
            Err(_) => bail!("vm {vm} is {}, not {state}", self.vm_state(vm).await?),
        }
    }

    /// The state of a VM that is not expunged.
    ///
    /// # Errors
    /// If there is none.
    pub async fn vm_state(&self, vm: VmId) -> anyhow::Result<VmState> {
        let row = self.store().read(move |tx| vm_get(tx, vm)).await;
        match row {
            Ok(row) => Ok(row.state),
            Err(StoreError::NotFound { .. }) => Ok(VmState::Expunged),
            Err(e) => Err(e.into()),
        }
    }

    /// What the product's own audit finds wrong. Nothing is the only right answer.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub async fn audit(&self) -> anyhow::Result<Vec<String>> {
        let audit = match &self.manager {
            Some(manager) => audit(&manager.context).await?.0,
            // another process has the manager: what hosts reported to it is not known here
            None => self.store.read(|tx| audit_books(tx, &LimitDefaults::default())).await?,
        };
        let text = |found: &Difference| format!("{} {}: {}", found.book, found.about, found.text);
        Ok(audit.differences.iter().map(text).collect())
    }

    /// Every libvirt domain of every host, by name.
    pub fn domains(&self) -> Vec<String> {
        let of = |host: &SimulatedHost| host.hypervisor.domains();
        let mut names: Vec<_> =
            self.hosts.iter().flat_map(of).map(|domain| domain.name.clone()).collect();
        names.sort();
        names
    }

    /// Where its files are.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    async fn register_template(&self) -> anyhow::Result<TemplateId> {
        let caller = self.admin().await?;
        let request = template_request(&caller);
        let id = template::register(self.context(), &caller, request).await?;
        let ready = async {
            loop {
                let row = self.store().read(move |tx| template_get(tx, id));
                match row.await?.state {
                    TemplateState::Ready => return Ok(id),
                    TemplateState::Failed => bail!("the template failed"),
                    _ => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.context("the template does not become Ready")?
    }
}

/// The state of a job and, if it failed, why.
///
/// # Errors
/// If there is none.
async fn how_it_stands(store: &Store, job: JobId) -> anyhow::Result<(JobState, String)> {
    let (state, error) = store.read(move |tx| job_state(tx, job)).await?;
    Ok((state, error.map(|(_, text)| text).unwrap_or_default()))
}

/// How a test's manager runs: ports that are free, a ping every second.
pub fn config(state_dir: &Path) -> Config {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    Config {
        state_dir: state_dir.to_owned(),
        api_listen: anywhere,
        agent_listen: anywhere,
        agent_addresses: vec!["127.0.0.1".to_owned()],
        agent_binary: PathBuf::from("/nonexistent"),
        agent_scripts: PathBuf::from("/nonexistent"),
        log: "info".to_owned(),
        read_only: false,
        settings: [("ping.interval", "1"), ("vm.stop.grace.seconds", "1")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
    }
}

/// A small template, as its caller asks for it.
pub fn template_request(caller: &Caller) -> template::RegisterRequest {
    template::RegisterRequest {
        account: caller.account,
        name: "tiny".to_owned(),
        display_text: None,
        url: "http://images.invalid/tiny.qcow2".to_owned(),
        format: "QCOW2".to_owned(),
        os: "Linux".to_owned(),
        arch: "x86_64".to_owned(),
        checksum: None,
        zone: None,
        is_public: true,
        is_featured: false,
        is_extractable: false,
        choices: TemplateChoices::default(),
        details: BTreeMap::new(),
    }
}

/// The administrator, as services see it.
///
/// # Errors
/// If there is none.
pub async fn admin(store: &Store) -> anyhow::Result<Caller> {
    let (domain, user) = store
        .read(|tx| {
            let root = domain_by_path(tx, "ROOT")?.ok_or(StoreError::Closed)?;
            let user = user_by_name(tx, root.id, "admin")?.ok_or(StoreError::Closed)?;
            Ok::<_, StoreError>((root.id, user.user))
        })
        .await?;
    Ok(Caller {
        user: user.id,
        account: user.account,
        domain,
        role: AccountType::RootAdmin,
        request: "test".to_owned(),
    })
}
