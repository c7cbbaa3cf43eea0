//! [F] The query API over HTTP, served by a real manager.

#![allow(clippy::unwrap_used)] // a test says what it expects

#[path = "api/access_matrix.rs"]
mod access_matrix;
#[path = "api/administration.rs"]
mod administration;
#[path = "api/affinity.rs"]
mod affinity;
#[path = "api/bad_input.rs"]
mod bad_input;
#[path = "api/catalogue.rs"]
mod catalogue;
#[path = "api/disk_terms.rs"]
mod disk_terms;
#[path = "api/extracts.rs"]
mod extracts;
#[path = "api/filters.rs"]
mod filters;
#[path = "api/firewalls.rs"]
mod firewalls;
#[path = "api/groups.rs"]
mod groups;
#[path = "api/http.rs"]
mod http;
#[path = "api/identity.rs"]
mod identity;
#[path = "api/integration_port.rs"]
mod integration_port;
#[path = "api/isos.rs"]
mod isos;
#[path = "api/kept.rs"]
mod kept;
#[path = "api/network_restart.rs"]
mod network_restart;
#[path = "api/networks.rs"]
mod networks;
#[path = "api/offerings.rs"]
mod offerings;
#[path = "api/ownership.rs"]
mod ownership;
#[path = "api/people.rs"]
mod people;
#[path = "api/projects.rs"]
mod projects;
#[path = "api/proof.rs"]
mod proof;
#[path = "api/roles.rs"]
mod roles;
#[path = "api/sessions.rs"]
mod sessions;
#[path = "api/settings.rs"]
mod settings;
#[path = "api/snapshots.rs"]
mod snapshots;
#[path = "api/tags.rs"]
mod tags;
#[path = "api/template_making.rs"]
mod template_making;
#[path = "api/templates.rs"]
mod templates;
#[path = "api/userdata.rs"]
mod userdata;
#[path = "api/vm_changes.rs"]
mod vm_changes;
#[path = "api/vm_deploy.rs"]
mod vm_deploy;
#[path = "api/vm_expunging.rs"]
mod vm_expunging;
#[path = "api/vm_lists.rs"]
mod vm_lists;
#[path = "api/vm_nics.rs"]
mod vm_nics;
#[path = "api/vm_snapshots.rs"]
mod vm_snapshots;
#[path = "api/vms.rs"]
mod vms;
#[path = "api/volume_files.rs"]
mod volume_files;
#[path = "api/volume_recovery.rs"]
mod volume_recovery;
#[path = "api/volumes.rs"]
mod volumes;
#[path = "api/wires.rs"]
mod wires;

use hostler_manager::manager::Manager;
use hostler_tests::cloud::config;
use hostler_tests::furnish::{Catalogue, furnish};
use hostler_tests::http::Api;

/// A manager without hosts, and its administrator.
struct World {
    manager: Manager,
    admin: Api,
    catalogue: Catalogue,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manager = Manager::start(config(folder.path())).await.unwrap();
        let catalogue = furnish(&manager.context).await.unwrap();
        let admin = Api::admin(manager.api, folder.path()).unwrap();
        Self { manager, admin, catalogue, folder }
    }

    /// The database, past the manager.
    fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("hostler.db")).unwrap()
    }
}
