//! The first start: the root domain, the administrator, and offerings to begin with.
//!
//! Running it again changes nothing but what is missing.

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hostler_model::{
    AccountId, AccountType, DomainId, Mhz, Mib, NetworkOfferingId, ServiceOfferingId, Timestamp,
    UserId,
};
use hostler_store::account::{account_add, account_by_name};
use hostler_store::domain::{DomainRow, domain_add, domain_by_path};
use hostler_store::network_offering::{
    NetworkOfferingRow, NetworkTerms, network_offering_add, network_offering_by_name,
};
use hostler_store::service_offering::{
    OfferingTerms, ServiceOfferingRow, service_offering_add, service_offering_ever,
};
use hostler_store::user::{NewUser, user_add, user_by_name, user_set_keys};
use hostler_store::{Store, StoreError, Tx};
use uuid::Uuid;

/// Path and name of the domain that all others are in.
pub const ROOT: &str = "ROOT";
/// Name of the first account and of its first user.
pub const ADMIN: &str = "admin";
/// Name of the offering of networks when a request names none.
pub const DEFAULT_NETWORK_OFFERING: &str = "DefaultSharedNetworkOffering";
/// Name of the offering of networks whose VMs have security groups in an advanced zone.
pub const SECURITY_GROUP_OFFERING: &str = "DefaultSharedNetworkOfferingWithSGService";

/// A key pair for signing requests.
#[derive(Clone)]
pub struct Keys {
    /// The half that requests carry.
    pub api_key: String,
    /// The half that signs them.
    pub secret_key: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

impl Keys {
    /// A pair that nobody has had before.
    pub fn random() -> Self {
        Self { api_key: random_text(64), secret_key: random_text(64) }
    }
}

/// So many random bytes in URL-safe base64 without padding.
pub fn random_text(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    rand::fill(&mut buffer[..]);
    URL_SAFE_NO_PAD.encode(buffer)
}

/// Makes what every cloud has from its first day, and says the administrator's keys.
///
/// # Errors
/// [`StoreError`]; then nothing is written.
pub async fn bootstrap(store: &Store, now: Timestamp) -> Result<Keys, StoreError> {
    store
        .write(move |tx| {
            let keys = administrator(tx, now)?;
            network_offerings(tx, now)?;
            service_offerings(tx, now)?;
            Ok(keys)
        })
        .await
}

fn administrator(tx: &Tx<'_>, now: Timestamp) -> Result<Keys, StoreError> {
    let domain = if let Some(row) = domain_by_path(tx, ROOT)? {
        row.id
    } else {
        let id = DomainId::new(Uuid::new_v4());
        let (name, path) = (ROOT.to_owned(), ROOT.to_owned());
        domain_add(
            tx,
            &DomainRow { id, parent: None, name, path, network_domain: None, created: now },
        )?;
        id
    };
    let account = if let Some(id) = account_by_name(tx, domain, ADMIN)? {
        id
    } else {
        let id = AccountId::new(Uuid::new_v4());
        account_add(tx, id, domain, ADMIN, AccountType::RootAdmin, now)?;
        id
    };
    let user = if let Some(credentials) = user_by_name(tx, domain, ADMIN)? {
        if let Some((api_key, secret_key)) =
            credentials.user.api_key.clone().zip(credentials.secret_key)
        {
            return Ok(Keys { api_key, secret_key });
        }
        credentials.user.id
    } else {
        let user = NewUser {
            id: UserId::new(Uuid::new_v4()),
            account,
            name: ADMIN.to_owned(),
            first_name: "Root".to_owned(),
            last_name: "Administrator".to_owned(),
            email: String::new(),
            timezone: None,
        };
        user_add(tx, &user, now)?;
        user.id
    };
    let keys = Keys::random();
    user_set_keys(tx, user, &keys.api_key, &keys.secret_key)?;
    Ok(keys)
}

fn network_offerings(tx: &Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let services = ["Dhcp", "Dns", "UserData", "SecurityGroup"];
    for (name, text, services) in [
        (
            DEFAULT_NETWORK_OFFERING,
            "A network on the hosts' own bridge, for everybody",
            &services[..3],
        ),
        (
            SECURITY_GROUP_OFFERING,
            "A network on the hosts' own bridge, for everybody, whose VMs have security groups",
            &services[..],
        ),
    ] {
        if network_offering_by_name(tx, name)?.is_some() {
            continue;
        }
        let offering = NetworkOfferingRow {
            id: NetworkOfferingId::new(Uuid::new_v4()),
            name: name.to_owned(),
            display_text: text.to_owned(),
            guest_type: "Shared".to_owned(),
            guru: "SharedNetworkGuru".to_owned(),
            services: services.iter().map(|name| (*name).to_owned()).collect(),
            is_default: true,
            terms: NetworkTerms { created: now, ..NetworkTerms::default() },
        };
        network_offering_add(tx, &offering)?;
    }
    Ok(())
}

/// Only into an empty table: an administrator who has removed them does not get them back.
fn service_offerings(tx: &Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    if service_offering_ever(tx)? {
        return Ok(());
    }
    for (name, speed, memory) in [("Small Instance", 500, 512), ("Medium Instance", 1000, 1024)] {
        service_offering_add(
            tx,
            &ServiceOfferingRow {
                id: ServiceOfferingId::new(Uuid::new_v4()),
                name: name.to_owned(),
                display_text: format!("1 CPU of {speed} MHz, {memory} MiB of memory"),
                cpus: 1,
                cpu_speed: Mhz(speed),
                memory: Mib(memory),
                limit_cpu: false,
                storage_type: "local".to_owned(),
                root_size: None,
                host_tags: String::new(),
                tags: String::new(),
                terms: OfferingTerms::default(),
                created: now,
            },
        )?;
    }
    Ok(())
}

/// Writes the administrator's client settings to `path`, readable by its owner only.
///
/// # Errors
/// That of the file system.
pub fn write_client_settings(path: &Path, endpoint: &str, keys: &Keys) -> io::Result<()> {
    let text = format!(
        "HOSTLER_ENDPOINT={endpoint}\nHOSTLER_API_KEY={}\nHOSTLER_SECRET_KEY={}\n",
        keys.api_key, keys.secret_key
    );
    let fresh = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_store::service_offering::{ServiceOfferingFilter, service_offering_list};
    use hostler_store::{Page, Scope};

    #[tokio::test]
    async fn starting_a_second_time_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("hostler.db")).unwrap();
        let first = bootstrap(&store, Timestamp(1)).await.unwrap();
        let second = bootstrap(&store, Timestamp(2)).await.unwrap();
        assert_eq!(first.secret_key, second.secret_key);
        let offerings = store
            .read(|tx| {
                service_offering_list(
                    tx,
                    &ServiceOfferingFilter::default(),
                    &Scope::All,
                    Page::default(),
                )
            })
            .await
            .unwrap();
        let names: Vec<_> = offerings.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["Small Instance", "Medium Instance"]);
    }

    #[test]
    fn only_its_owner_can_read_the_client_settings() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.env");
        write_client_settings(&path, "http://127.0.0.1:8080/client/api", &Keys::random()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("HOSTLER_ENDPOINT=http://127.0.0.1:8080/client/api\nHOSTLER_API_KEY=")
        );
    }
}
