//! Settings: what each is called, what it may hold, and what it is when nobody has set it.
//!
//! Values are kept in memory; reading one costs no query. `updateConfiguration` writes the table and then
//! this memory, so that a change takes effect at the next reading.
//!
//! Not here: the table (`hostler_store::setting`) and what the configuration file says of the process itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hostler_store::setting::SettingRow;
use uuid::Uuid;

use crate::policies;

/// What a setting may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number, at least the given one.
    Number(u64),
    /// A whole number of things, or -1 for any number.
    Limit,
    /// A whole number of seconds, at least the given one.
    Seconds(u64),
    /// A whole number of minutes, at least the given one.
    Minutes(u64),
    /// A whole number of days, at least the given one.
    Days(u64),
    /// A decimal number, at least 1.
    Ratio,
    /// `true` or `false`.
    Flag,
    /// Letters, digits, hyphens and full stops.
    Name,
    /// The name of a planner.
    Planner,
    /// Names of filters, comma separated.
    Filters,
    /// Names of weighers with their multipliers, comma separated.
    Weighers,
    /// Any text.
    Text,
    /// Any text, which nobody is shown.
    Secret,
    /// The name of an LDAP attribute or object class.
    LdapName,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// What people see of a secret that there is.
const HIDDEN: &str = "********";

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// What it is called.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What it is when nobody has set it.
    pub default: &'static str,
    /// Where it can be set beside everywhere: `Zone`, `Cluster` or `Account`; `Global`: nowhere.
    pub scope: &'static str,
    /// What it is about: `Advanced`, `Storage`, ...
    pub category: &'static str,
    /// Whether a change takes effect without a restart of the manager.
    pub dynamic: bool,
    /// What it does, for a person.
    pub description: &'static str,
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $constant:ident = $name:literal, $kind:expr, $default:literal,
        $scope:ident, $category:ident, $dynamic:literal;)*) => {
        $(
            $(#[doc = $doc])+
            pub const $constant: Setting = Setting {
                name: $name,
                kind: $kind,
                default: $default,
                scope: stringify!($scope),
                category: stringify!($category),
                dynamic: $dynamic,
                description: concat!($($doc),+).trim_ascii(),
            };
        )*
        /// Every setting there is, by name.
        pub const SETTINGS: &[Setting] = &[$($constant),*];
    };
}

use Kind::{
    Days, Filters, Flag, LdapName, Limit, Minutes, Name, Number, OneOf, Planner, Ratio, Seconds,
    Secret, Text, Weighers,
};

settings! {
    /// Time after which a connecting agent has to have said who it is.
    AGENT_STARTUP_WAIT = "agent.startup.wait", Seconds(1), "30", Global, Advanced, false;
    /// Whether an alert tells of each libvirt domain that appears on a cluster's hosts and is not this cloud's.
    ALIEN_ALERT = "alien.alert", Flag, "false", Cluster, Advanced, true;
    /// How often the CPUs of a cluster's hosts are sold.
    CPU_FACTOR = "cpu.overprovisioning.factor", Ratio, "1.0", Cluster, Advanced, true;
    /// Rows of a list when no page is asked for, at most 500.
    DEFAULT_PAGE_SIZE = "default.page.size", Number(1), "500", Global, Advanced, true;
    /// Age at which events are removed; 0 keeps them for ever.
    EVENT_PURGE_DAYS = "event.purge.days", Days(0), "90", Global, Advanced, true;
    /// Time for which a destroyed VM is kept.
    EXPUNGE_DELAY = "expunge.delay", Seconds(0), "86400", Global, Advanced, true;
    /// Time between two looks for destroyed VMs to expunge.
    EXPUNGE_INTERVAL = "expunge.interval", Seconds(1), "3600", Global, Advanced, false;
    /// Time for which a link to a template or an ISO is good.
    EXTRACT_URL_EXPIRES = "extract.url.expiration.interval", Seconds(1), "14400", Global, Storage, true;
    /// DNS domain of guests whose network has none.
    GUEST_DOMAIN = "guest.domain.suffix", Name, "hostler.internal", Zone, Network, true;
    /// Time for a host that is being added to connect and be Up.
    HOST_CONNECT_TIMEOUT = "host.connect.timeout", Seconds(1), "300", Global, Advanced, false;
    /// Wrong passwords in a row after which a user is disabled; 0: never.
    LOGIN_ATTEMPTS = "incorrect.login.attempts.allowed", Number(0), "5", Global, Advanced, true;
    /// Whether the integration port is open to other machines, and not only to this one.
    INTEGRATION_ANYWHERE = "integration.api.anywhere", Flag, "false", Global, Advanced, false;
    /// Port of this machine on which scripts call the API as the administrator without any proof; 0: none.
    INTEGRATION_PORT = "integration.api.port", Number(0), "0", Global, Advanced, false;
    /// Last part of the names of VMs on their hosts.
    INSTANCE_NAME = "instance.name", Name, "VM", Global, Advanced, true;
    /// Age at which finished jobs are removed.
    JOB_EXPIRE_MINUTES = "job.expire.minutes", Minutes(1), "1440", Global, Advanced, true;
    /// How often the undo of a step is tried before the job waits for a person, who has it tried again with resumeJob. The first
    /// try of a job that goes on hears the last one's refusal again, so one is not enough.
    JOB_UNDO_ATTEMPTS = "job.undo.attempts", Number(2), "8", Global, Advanced, true;
    /// Where in the LDAP directory people are looked for, such as dc=example,dc=org.
    LDAP_BASE = "ldap.basedn", Text, "", Global, Advanced, true;
    /// Password of ldap.bind.principal; it is never shown.
    LDAP_BIND_PASSWORD = "ldap.bind.password", Secret, "", Global, Advanced, true;
    /// The entry as which the LDAP directory is searched; empty: as nobody.
    LDAP_BIND_PRINCIPAL = "ldap.bind.principal", Text, "", Global, Advanced, true;
    /// LDAP attribute with a person's mail address.
    LDAP_EMAIL = "ldap.email.attribute", LdapName, "mail", Global, Advanced, true;
    /// LDAP attribute with a person's first name.
    LDAP_FIRST_NAME = "ldap.firstname.attribute", LdapName, "givenName", Global, Advanced, true;
    /// Object class of LDAP groups; the default stands for group with microsoftad.
    LDAP_GROUP_OBJECT = "ldap.group.object", LdapName, "groupOfUniqueNames", Global, Advanced, true;
    /// LDAP attribute of a group that names its members; microsoftad asks the member for its groups instead.
    LDAP_GROUP_MEMBER = "ldap.group.user.uniquemember", LdapName, "uniqueMember", Global, Advanced, true;
    /// LDAP attribute with a person's last name.
    LDAP_LAST_NAME = "ldap.lastname.attribute", LdapName, "sn", Global, Advanced, true;
    /// Whether microsoftad counts members of groups within groups.
    LDAP_NESTED = "ldap.nested.groups.enable", Flag, "true", Global, Advanced, true;
    /// What kind of LDAP directory it is.
    LDAP_PROVIDER = "ldap.provider", OneOf(&["openldap", "microsoftad"]), "openldap", Global, Advanced, true;
    /// Milliseconds that one LDAP server has for all that it is asked; then the next one is.
    LDAP_TIMEOUT = "ldap.read.timeout", Number(1), "5000", Global, Advanced, true;
    /// People on one page of an LDAP server's answer.
    LDAP_PAGE_SIZE = "ldap.request.page.size", Number(1), "1000", Global, Advanced, true;
    /// LDAP group that everybody has to be in, by its distinguished name; empty: none.
    LDAP_REQUIRED_GROUP = "ldap.search.group.principle", Text, "", Global, Advanced, true;
    /// Whether plain LDAP connections turn to TLS before anything is said.
    LDAP_STARTTLS = "ldap.starttls.enable", Flag, "false", Global, Advanced, true;
    /// File of the controller with the certificates, as PEM, that LDAP servers' are checked against; empty: the system's.
    LDAP_TRUST = "ldap.truststore", Text, "", Global, Advanced, true;
    /// Object class of people; the default stands for user with microsoftad.
    LDAP_USER_OBJECT = "ldap.user.object", LdapName, "inetOrgPerson", Global, Advanced, true;
    /// LDAP attribute with the name for logging in; the default stands for sAMAccountName with microsoftad.
    LDAP_USER_NAME = "ldap.username.attribute", LdapName, "uid", Global, Advanced, true;
    /// CPUs of VMs that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_CPUS = "max.account.cpus", Limit, "40", Global, Limits, true;
    /// Memory of VMs, in MiB, that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_MEMORY = "max.account.memory", Limit, "40960", Global, Limits, true;
    /// Guest networks that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_NETWORKS = "max.account.networks", Limit, "20", Global, Limits, true;
    /// Sizes of volumes, in GiB, that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_PRIMARY_STORAGE = "max.account.primary.storage", Limit, "200", Global, Limits, true;
    /// Projects that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_PROJECTS = "max.account.projects", Limit, "10", Global, Limits, true;
    /// Public addresses that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_PUBLIC_IPS = "max.account.public.ips", Limit, "20", Global, Limits, true;
    /// Sizes of templates and snapshots, in GiB, that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_SECONDARY_STORAGE = "max.account.secondary.storage", Limit, "400", Global, Limits, true;
    /// Snapshots that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_SNAPSHOTS = "max.account.snapshots", Limit, "20", Global, Limits, true;
    /// Templates and ISOs that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_TEMPLATES = "max.account.templates", Limit, "20", Global, Limits, true;
    /// VMs that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_USER_VMS = "max.account.user.vms", Limit, "20", Global, Limits, true;
    /// Volumes that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_VOLUMES = "max.account.volumes", Limit, "20", Global, Limits, true;
    /// Virtual private clouds that an account may have when no limit was set; -1 is unlimited.
    MAX_ACCOUNT_VPCS = "max.account.vpcs", Limit, "20", Global, Limits, true;
    /// CPUs of VMs that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_CPUS = "max.domain.cpus", Limit, "80", Global, Limits, true;
    /// Memory of VMs, in MiB, that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_MEMORY = "max.domain.memory", Limit, "81920", Global, Limits, true;
    /// Guest networks that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_NETWORKS = "max.domain.networks", Limit, "40", Global, Limits, true;
    /// Sizes of volumes, in GiB, that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_PRIMARY_STORAGE = "max.domain.primary.storage", Limit, "400", Global, Limits, true;
    /// Projects that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_PROJECTS = "max.domain.projects", Limit, "50", Global, Limits, true;
    /// Public addresses that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_PUBLIC_IPS = "max.domain.public.ips", Limit, "40", Global, Limits, true;
    /// Sizes of templates and snapshots, in GiB, that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_SECONDARY_STORAGE = "max.domain.secondary.storage", Limit, "800", Global, Limits, true;
    /// Snapshots that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_SNAPSHOTS = "max.domain.snapshots", Limit, "40", Global, Limits, true;
    /// Templates and ISOs that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_TEMPLATES = "max.domain.templates", Limit, "40", Global, Limits, true;
    /// VMs that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_USER_VMS = "max.domain.user.vms", Limit, "40", Global, Limits, true;
    /// Volumes that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_VOLUMES = "max.domain.volumes", Limit, "40", Global, Limits, true;
    /// Virtual private clouds that a domain, with those below it, may have when no limit was set; -1 is unlimited.
    MAX_DOMAIN_VPCS = "max.domain.vpcs", Limit, "40", Global, Limits, true;
    /// CPUs of VMs that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_CPUS = "max.project.cpus", Limit, "40", Global, Limits, true;
    /// Memory of VMs, in MiB, that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_MEMORY = "max.project.memory", Limit, "40960", Global, Limits, true;
    /// Guest networks that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_NETWORKS = "max.project.networks", Limit, "20", Global, Limits, true;
    /// Sizes of volumes, in GiB, that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_PRIMARY_STORAGE = "max.project.primary.storage", Limit, "200", Global, Limits, true;
    /// Public addresses that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_PUBLIC_IPS = "max.project.public.ips", Limit, "20", Global, Limits, true;
    /// Sizes of templates and snapshots, in GiB, that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_SECONDARY_STORAGE = "max.project.secondary.storage", Limit, "400", Global, Limits, true;
    /// Snapshots that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_SNAPSHOTS = "max.project.snapshots", Limit, "20", Global, Limits, true;
    /// Templates and ISOs that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_TEMPLATES = "max.project.templates", Limit, "20", Global, Limits, true;
    /// VMs that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_USER_VMS = "max.project.user.vms", Limit, "20", Global, Limits, true;
    /// Volumes that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_VOLUMES = "max.project.volumes", Limit, "20", Global, Limits, true;
    /// Virtual private clouds that a project may have when no limit was set; -1 is unlimited.
    MAX_PROJECT_VPCS = "max.project.vpcs", Limit, "20", Global, Limits, true;
    /// Whether users may make their templates and ISOs public.
    ALLOW_PUBLIC_TEMPLATES = "allow.public.user.templates", Flag, "true", Global, Advanced, true;
    /// How often the memory of a cluster's hosts is sold.
    MEMORY_FACTOR = "mem.overprovisioning.factor", Ratio, "1.0", Cluster, Advanced, true;
    /// Whether a VM that names no security group gets its account's default one, where there are security groups.
    SECURITY_GROUP_ADDING = "network.securitygroups.defaultadding", Flag, "true", Global, Network, true;
    /// Time between two signs of life of a link to an agent.
    PING_INTERVAL = "ping.interval", Seconds(1), "60", Global, Advanced, false;
    /// Silence of so many ping intervals ends a link.
    PING_TIMEOUT = "ping.timeout", Ratio, "2.5", Global, Advanced, false;
    /// The filters that refuse hosts, in their order; without those for memory, CPU and storage full hosts are tried in vain.
    SCHEDULER_FILTERS = "scheduler.filters", Filters, "RetryFilter,WantedHostFilter,ComputeFilter,AvailabilityZoneFilter,DedicationFilter,CapabilityFilter,TagFilter,AffinityFilter,RamFilter,CpuFilter,StoragePoolFilter", Zone, Placement, true;
    /// Out of how many of the best hosts one is drawn, so that many at once do not all want the same; 1: the best.
    SCHEDULER_SUBSET = "scheduler.host.subset.size", Number(1), "1", Zone, Placement, true;
    /// What makes a host the better one, each with how much it counts; a negative multiplier packs instead of spreading.
    SCHEDULER_WEIGHERS = "scheduler.weighers", Weighers, "AffinityWeigher=10,RamWeigher=1,CpuWeigher=1,RunsWeigher=1", Zone, Placement, true;
    /// Whether templates may be fetched from private networks.
    SECSTORAGE_ALLOW_PRIVATE = "secstorage.allow.private", Flag, "true", Global, Storage, true;
    /// Largest template, in GiB, both as a file and as a guest sees it.
    SECSTORAGE_MAX_TEMPLATE_SIZE = "secstorage.max.template.size", Number(1), "50", Global, Storage, true;
    /// Time after which an unused log-in ends.
    SESSION_TIMEOUT = "session.timeout", Seconds(1), "1800", Global, Advanced, true;
    /// Whether CPUs and memory of VMs that do not run count against no limit.
    COUNT_STARTED_ONLY = "resource.count.running.vms.only", Flag, "false", Global, Limits, true;
    /// How often connecting to a new host over SSH is tried.
    SSH_RETRIES = "ssh.retries", Number(1), "3", Global, Advanced, false;
    /// How many hosts are tried to start a VM.
    START_RETRY = "start.retry", Number(1), "10", Global, Advanced, true;
    /// Time for which a destroyed volume is kept, with the room for it on its storage pool.
    STORAGE_CLEANUP_DELAY = "storage.cleanup.delay", Seconds(0), "86400", Global, Storage, true;
    /// Whether destroyed volumes are deleted when their time is over; without, they stay until somebody deletes them.
    STORAGE_CLEANUP_ENABLED = "storage.cleanup.enabled", Flag, "true", Global, Storage, true;
    /// Time between two looks for destroyed volumes to delete.
    STORAGE_CLEANUP_INTERVAL = "storage.cleanup.interval", Seconds(1), "86400", Global, Storage, false;
    /// Which of the hosts that no filter refuses gets a VM: by the weighers (filter), or by another rule.
    ALLOCATION_ALGORITHM = "vm.allocation.algorithm", Planner, "filter", Zone, Placement, true;
    /// Time for which complete listings of a host have to lack a VM's libvirt domain before the VM is taken for off.
    VM_MISSING_GRACE = "vm.missing.grace.seconds", Seconds(0), "60", Global, Advanced, true;
    /// Time that a guest has to shut down before its VM is ended.
    VM_STOP_GRACE = "vm.stop.grace.seconds", Seconds(0), "60", Global, Advanced, true;
    /// Largest user data of a VM, in bytes after encoding; an account's value holds for what its users send.
    USER_DATA_MAX = "vm.userdata.max.length", Number(0), "32768", Account, Advanced, true;
    /// VM snapshots that a VM may have.
    VM_SNAPSHOT_MAX = "vmsnapshot.max", Number(0), "10", Global, Storage, true;
    /// Time for an order to an agent that says no time of its own.
    WAIT = "wait", Seconds(1), "1800", Global, Advanced, true;
}

/// A value that a setting cannot hold, or a name that none has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No setting has this name.
    #[error("there is no setting {0:?}; listConfigurations names them")]
    Unknown(String),
    /// The setting cannot hold this value.
    #[error("{name} cannot be {value:?}: expected {expected}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it may hold.
        expected: String,
    },
    /// The setting cannot hold a name that stands in this value.
    #[error("{name}: {why}")]
    Names {
        /// The setting.
        name: &'static str,
        /// The name, and those that there are.
        why: String,
    },
}

impl Setting {
    /// The setting of a name.
    ///
    /// # Errors
    /// [`SettingError::Unknown`].
    pub fn of(name: &str) -> Result<&'static Self, SettingError> {
        SETTINGS
            .iter()
            .find(|setting| setting.name == name)
            .ok_or_else(|| SettingError::Unknown(name.to_owned()))
    }

    /// Whether it can hold `value`.
    ///
    /// # Errors
    /// [`SettingError::Value`] says what it can hold.
    pub fn check(&self, value: &str) -> Result<(), SettingError> {
        let at_least = |least: u64| value.parse::<u64>().is_ok_and(|number| number >= least);
        let wrong_name = match self.kind {
            Planner => policies::wrong_planner(value),
            Filters => policies::wrong_filters(value),
            Weighers => policies::wrong_weighers(value),
            _ => None,
        };
        if let Some(why) = wrong_name {
            return Err(SettingError::Names { name: self.name, why });
        }
        let right = match self.kind {
            Planner | Filters | Weighers => true,
            Number(least) | Seconds(least) | Minutes(least) | Days(least) => at_least(least),
            Limit => value.parse::<i64>().is_ok_and(|limit| limit >= -1),
            Ratio => value.parse::<f64>().is_ok_and(|ratio| ratio.is_finite() && ratio >= 1.0),
            Flag => matches!(value, "true" | "false"),
            Text => !value.contains('\0'),
            // what was shown in its place is not it
            Secret => !value.contains('\0') && value != HIDDEN,
            OneOf(words) => words.contains(&value),
            LdapName => {
                value.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
            }
            Name => {
                !value.is_empty()
                    && value.len() <= 63
                    && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
            }
        };
        if right {
            return Ok(());
        }
        Err(SettingError::Value {
            name: self.name,
            value: self.shown(value).to_owned(),
            expected: self.kind.expected(),
        })
    }
}

impl Setting {
    /// A value of it as people may see it.
    pub fn shown<'a>(&self, value: &'a str) -> &'a str {
        if self.kind == Secret && !value.is_empty() { HIDDEN } else { value }
    }
}

impl Kind {
    /// The type's name in `listConfigurations`.
    pub const fn type_name(self) -> &'static str {
        match self {
            Number(_) | Limit | Seconds(_) | Minutes(_) | Days(_) => "Number",
            Ratio => "Decimal",
            Flag => "Boolean",
            Name | Planner | Filters | Weighers | Text | Secret | LdapName | OneOf(_) => "String",
        }
    }

    fn expected(self) -> String {
        let unit = match self {
            Number(least) => return format!("a whole number from {least}"),
            Limit => return "a whole number from 0, or -1 for unlimited".to_owned(),
            Seconds(least) => ("seconds", least),
            Minutes(least) => ("minutes", least),
            Days(least) => ("days", least),
            Ratio => return "a decimal number from 1".to_owned(),
            Flag => return "true or false".to_owned(),
            Name => return "at most 63 letters, digits, hyphens and full stops".to_owned(),
            Planner => return "the name of a planner".to_owned(),
            Filters => return "names of filters, with commas between them".to_owned(),
            Weighers => return "weighers as NAME=MULTIPLIER, with commas between them".to_owned(),
            Text => return "any text".to_owned(),
            Secret => return "any text, which nobody is shown".to_owned(),
            LdapName => return "letters, digits, hyphens and full stops".to_owned(),
            OneOf(words) => return words.join(" or "),
        };
        format!("a whole number of {} from {}", unit.0, unit.1)
    }
}

/// Where a value holds beside everywhere: a scope by the name that [`Setting::scope`] has for it, and which one.
pub type Place = (&'static str, Uuid);

/// Values by the setting's name, and where each holds; nothing: everywhere.
type Values = BTreeMap<(&'static str, Option<Place>), String>;

/// The present values. Cloning it is cheap, and every clone sees every change.
#[derive(Clone, Default)]
pub struct Settings {
    values: Arc<RwLock<Values>>,
    /// What the configuration file says: what a setting is again when it is reset.
    configured: Arc<BTreeMap<String, String>>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive() // there are secrets among them
    }
}

impl Settings {
    /// The values of the database, over those of the configuration file, over the defaults.
    ///
    /// A stored setting that this manager does not know is left alone; one that cannot hold its value any
    /// more has its default, with a warning.
    ///
    /// # Errors
    /// [`SettingError`] if the configuration file is wrong, or a stored value names a planner, filter or weigher that there
    /// is not: VMs would be placed as nobody wanted.
    pub fn load(
        stored: &[SettingRow],
        configured: &BTreeMap<String, String>,
    ) -> Result<Self, SettingError> {
        let settings = Self { configured: Arc::new(configured.clone()), ..Self::default() };
        for (name, value) in configured {
            settings.set(name, value)?;
        }
        for row in stored {
            let place = match row.scope.as_str() {
                "global" => None,
                scope => match place_of(scope, &row.scope_id) {
                    Some(place) => Some(place),
                    None => continue,
                },
            };
            match settings.set_at(&row.name, place, &row.value) {
                Ok(()) | Err(SettingError::Unknown(_)) => {}
                Err(error) if settles_placement(&row.name) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "a stored setting is wrong; using its default");
                }
            }
        }
        Ok(settings)
    }

    /// Sets a value in memory; the table is the caller's.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn set(&self, name: &str, value: &str) -> Result<(), SettingError> {
        self.set_at(name, None, value)
    }

    /// The same for one place, or everywhere.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn set_at(
        &self,
        name: &str,
        place: Option<Place>,
        value: &str,
    ) -> Result<(), SettingError> {
        let setting = Setting::of(name)?;
        setting.check(value)?;
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        values.insert((setting.name, place), value.to_owned());
        Ok(())
    }

    /// Forgets what was set for one place, or everywhere: there it is as the configuration file or the
    /// default has it, and at a place as it is everywhere.
    pub fn reset(&self, setting: &Setting, place: Option<Place>) {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        match self.configured.get(setting.name).filter(|_| place.is_none()) {
            Some(value) => values.insert((setting.name, None), value.clone()),
            None => values.remove(&(setting.name, place)),
        };
    }

    /// The value as text.
    pub fn text(&self, setting: &Setting) -> String {
        self.text_at(setting, None)
    }

    /// The value at a place as text: what was set there, else what holds everywhere.
    pub fn text_at(&self, setting: &Setting, place: Option<Place>) -> String {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let there = place.and_then(|place| values.get(&(setting.name, Some(place))));
        let value = there.or_else(|| values.get(&(setting.name, None)));
        value.map_or_else(|| setting.default.to_owned(), Clone::clone)
    }

    /// The value of a [`Kind::Number`] at a place.
    pub fn number_at(&self, setting: &Setting, place: Place) -> u64 {
        let text = self.text_at(setting, Some(place));
        text.parse().or_else(|_| setting.default.parse()).unwrap_or_default()
    }

    /// The value of a [`Kind::Number`].
    pub fn number(&self, setting: &Setting) -> u64 {
        self.parsed(setting)
    }

    /// The value of a [`Kind::Limit`]; -1 is unlimited.
    pub fn limit(&self, setting: &Setting) -> i64 {
        self.parsed(setting)
    }

    /// The value of a setting that says a time, 0 included.
    pub fn duration(&self, setting: &Setting) -> Duration {
        let seconds = match setting.kind {
            Minutes(_) => 60,
            Days(_) => 86_400,
            _ => 1,
        };
        Duration::from_secs(self.parsed::<u64>(setting).saturating_mul(seconds))
    }

    /// The value of a [`Kind::Ratio`].
    pub fn ratio(&self, setting: &Setting) -> f64 {
        self.parsed(setting)
    }

    /// The value of a [`Kind::Flag`].
    pub fn flag(&self, setting: &Setting) -> bool {
        self.parsed(setting)
    }

    fn parsed<T: std::str::FromStr + Default>(&self, setting: &Setting) -> T {
        self.text(setting).parse().or_else(|_| setting.default.parse()).unwrap_or_default()
    }
}

/// Whether a setting says how hosts are chosen.
fn settles_placement(name: &str) -> bool {
    Setting::of(name).is_ok_and(|setting| matches!(setting.kind, Planner | Filters | Weighers))
}

/// A place as the table has it; nothing: of a scope that no setting has.
fn place_of(scope: &str, id: &str) -> Option<Place> {
    let known = SETTINGS.iter().map(|setting| setting.scope);
    let scope = known.into_iter().find(|known| known.eq_ignore_ascii_case(scope))?;
    Some((scope, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Where people read of the settings.
    const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");

    fn document() -> String {
        let mut text = include_str!("settings.head.md").to_owned();
        for setting in SETTINGS {
            let _ = writeln!(
                text,
                "| `{}` | `{}` | {} | {} | {} | {} |",
                setting.name,
                setting.default,
                setting.kind.expected(),
                setting.scope,
                if setting.dynamic { "at once" } else { "at a restart" },
                setting.description,
            );
        }
        text
    }

    #[test]
    fn every_setting_is_documented_with_its_default() {
        if std::env::var_os("HOSTLER_WRITE_DOCS").is_some() {
            std::fs::write(DOCUMENT, document()).unwrap();
        }
        let written = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
        let hint = "write it anew: HOSTLER_WRITE_DOCS=1 cargo test -p hostler-manager documented";
        assert!(written == document(), "docs/settings.md is not what the settings are; {hint}");
    }

    #[test]
    fn a_value_of_one_place_holds_there_and_no_value_is_left_after_a_reset() {
        let file = BTreeMap::from([("guest.domain.suffix".to_owned(), "file".to_owned())]);
        let zone = Uuid::from_u128(7);
        let mut stored = row("guest.domain.suffix", "zone");
        (stored.scope, stored.scope_id) = ("zone".to_owned(), zone.to_string());
        let settings = Settings::load(&[stored], &file).unwrap();
        let at = |id| settings.text_at(&GUEST_DOMAIN, Some(("Zone", id)));
        assert_eq!([at(zone), at(Uuid::from_u128(8))], ["zone", "file"]);
        settings.set("guest.domain.suffix", "all").unwrap();
        settings.reset(&GUEST_DOMAIN, Some(("Zone", zone)));
        assert_eq!(at(zone), "all");
        settings.reset(&GUEST_DOMAIN, None);
        assert_eq!(at(zone), "file");
    }

    fn row(name: &str, value: &str) -> SettingRow {
        let (scope, scope_id) = ("global".to_owned(), String::new());
        SettingRow { name: name.to_owned(), scope, scope_id, value: value.to_owned() }
    }

    #[test]
    fn every_default_is_a_value_that_its_setting_can_hold_and_no_name_is_used_twice() {
        for (position, setting) in SETTINGS.iter().enumerate() {
            setting.check(setting.default).unwrap();
            assert!(
                !SETTINGS[..position].iter().any(|s| s.name == setting.name),
                "{}",
                setting.name
            );
        }
    }

    #[test]
    fn what_the_database_says_wins_over_the_configuration_file() {
        let file = BTreeMap::from([("wait".to_owned(), "5".to_owned())]);
        let settings = Settings::load(&[row("wait", "7")], &file).unwrap();
        assert_eq!(settings.duration(&WAIT), Duration::from_secs(7));
    }

    #[test]
    fn a_stored_value_that_is_wrong_does_not_stop_the_manager() {
        let settings =
            Settings::load(&[row("wait", "-1"), row("gone", "x")], &BTreeMap::new()).unwrap();
        assert_eq!(settings.duration(&WAIT), Duration::from_mins(30));
    }

    #[test]
    fn a_wrong_value_is_answered_with_what_would_have_been_right() {
        let error = Settings::default().set("cpu.overprovisioning.factor", "0.5").unwrap_err();
        let text =
            "cpu.overprovisioning.factor cannot be \"0.5\": expected a decimal number from 1";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn nobody_is_shown_a_secret_and_what_is_shown_cannot_be_set() {
        let settings = Settings::default();
        settings.set("ldap.bind.password", "pass phrase").unwrap();
        assert_eq!(LDAP_BIND_PASSWORD.shown("pass phrase"), "********");
        assert_eq!(LDAP_BIND_PASSWORD.shown(""), "");
        assert!(!format!("{settings:?}").contains("phrase"));
        let error = settings.set("ldap.bind.password", "********").unwrap_err();
        assert!(error.to_string().contains("any text"), "{error}");
    }

    #[test]
    fn a_name_of_ldap_has_nothing_that_means_something_in_a_filter() {
        for wrong in ["", "uid)(x=*", "a b", "-uid", "u*"] {
            assert!(LDAP_USER_NAME.check(wrong).is_err(), "{wrong}");
        }
        LDAP_USER_NAME.check("sAMAccountName").unwrap();
    }

    #[test]
    fn a_change_is_seen_by_every_clone() {
        let settings = Settings::default();
        settings.clone().set("expunge.delay", "60").unwrap();
        assert_eq!(settings.duration(&EXPUNGE_DELAY), Duration::from_mins(1));
    }
}
