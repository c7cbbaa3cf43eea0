//! From names to ids. An id is taken as it is; a name must be the name of exactly one thing.

use anyhow::{Result, bail};
use hostler_client::Request;
use serde_json::Value;
use uuid::Uuid;

use crate::context::Context;
use crate::usage::usage;

/// A kind of thing that has a name.
#[derive(Debug)]
pub(crate) struct Kind {
    /// What it is called, in messages.
    pub(crate) noun: &'static str,
    /// The command that lists it.
    pub(crate) list: &'static str,
    /// Parameters that the list needs.
    pub(crate) fixed: &'static [(&'static str, &'static str)],
    /// Fields that can hold the name, the most important first.
    pub(crate) names: &'static [&'static str],
    /// Fields that tell things of one name apart.
    pub(crate) tells_apart: &'static [&'static str],
}

const fn kind(noun: &'static str, list: &'static str) -> Kind {
    Kind { noun, list, fixed: &[], names: &["name"], tells_apart: &[] }
}

pub(crate) static ZONE: Kind = kind("zone", "listZones");
pub(crate) static POD: Kind = Kind { tells_apart: &["zonename"], ..kind("pod", "listPods") };
pub(crate) static CLUSTER: Kind =
    Kind { tells_apart: &["zonename", "podname"], ..kind("cluster", "listClusters") };
pub(crate) static HOST: Kind = Kind {
    fixed: &[("type", "Routing")],
    names: &["name", "ipaddress"],
    tells_apart: &["ipaddress", "clustername"],
    ..kind("host", "listHosts")
};
pub(crate) static HOST_AGGREGATE: Kind =
    Kind { tells_apart: &["zonename"], ..kind("aggregate", "listHostAggregates") };
pub(crate) static TEMPLATE: Kind = Kind {
    fixed: &[("templatefilter", "executable")],
    tells_apart: &["zonename", "account", "created"],
    ..kind("template", "listTemplates")
};
pub(crate) static OFFERING: Kind = kind("offering", "listServiceOfferings");
pub(crate) static NETWORK_OFFERING: Kind = kind("network offering", "listNetworkOfferings");
pub(crate) static NETWORK: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["zonename", "account"],
    ..kind("network", "listNetworks")
};
pub(crate) static OS_TYPE: Kind =
    Kind { names: &["description", "name"], ..kind("OS type", "listOsTypes") };
pub(crate) static VM: Kind = Kind {
    fixed: &[("listall", "true")],
    names: &["name", "instancename", "displayname"],
    tells_apart: &["account", "zonename", "state"],
    ..kind("vm", "listVirtualMachines")
};

pub(crate) static DOMAIN: Kind = Kind {
    fixed: &[("listall", "true")],
    names: &["name", "path"],
    tells_apart: &["path"],
    ..kind("domain", "listDomains")
};
pub(crate) static ACCOUNT_ID: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["domain"],
    ..kind("account", "listAccounts")
};
pub(crate) static USER_ID: Kind = Kind {
    fixed: &[("listall", "true")],
    names: &["username"],
    tells_apart: &["account", "domain"],
    ..kind("user", "listUsers")
};
pub(crate) static ROLE_ID: Kind = kind("role", "listRoles");
pub(crate) static PROJECT: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["domain"],
    ..kind("project", "listProjects")
};
pub(crate) static DISK_OFFERING: Kind = kind("disk offering", "listDiskOfferings");
pub(crate) static VOLUME: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["type", "vmname", "account"],
    ..kind("volume", "listVolumes")
};
pub(crate) static SNAPSHOT: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["volumename", "created", "account"],
    ..kind("snapshot", "listSnapshots")
};
pub(crate) static SNAPSHOT_POLICY: Kind =
    Kind { fixed: &[("listall", "true")], ..kind("snapshot policy", "listSnapshotPolicies") };
pub(crate) static VM_SNAPSHOT: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["virtualmachinename", "created", "account"],
    ..kind("VM snapshot", "listVMSnapshot")
};
pub(crate) static ISO: Kind = Kind {
    fixed: &[("isofilter", "executable")],
    tells_apart: &["zonename", "account"],
    ..kind("ISO", "listIsos")
};
pub(crate) static SECURITY_GROUP: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["account"],
    ..kind("security group", "listSecurityGroups")
};
pub(crate) static AFFINITY_GROUP: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["account"],
    ..kind("affinity group", "listAffinityGroups")
};
pub(crate) static INSTANCE_GROUP: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["account"],
    ..kind("instance group", "listInstanceGroups")
};
pub(crate) static USER_DATA: Kind = Kind {
    fixed: &[("listall", "true")],
    tells_apart: &["account"],
    ..kind("user data", "listUserData")
};
pub(crate) static POOL: Kind =
    Kind { tells_apart: &["zonename", "clustername"], ..kind("storage pool", "listStoragePools") };

impl Context {
    /// The id of the one `kind` that is called `text`, or `text` when it is an id.
    pub(crate) async fn id(&self, kind: &Kind, text: &str) -> Result<String> {
        self.id_within(kind, text, &[]).await
    }

    /// The same for an argument that may be left out.
    pub(crate) async fn optional_id(
        &self,
        kind: &Kind,
        text: Option<&str>,
    ) -> Result<Option<String>> {
        match text {
            Some(text) => Ok(Some(self.id(kind, text).await?)),
            None => Ok(None),
        }
    }

    /// The same for an argument that may be left out while there is only one such thing.
    pub(crate) async fn id_or_only(&self, kind: &Kind, text: Option<&str>) -> Result<String> {
        if let Some(text) = text {
            return self.id(kind, text).await;
        }
        let rows = self.session.list_rows(&kind.request()).await?;
        match rows.as_slice() {
            [one] => match one.get("id").and_then(Value::as_str) {
                Some(id) => Ok(id.to_owned()),
                None => bail!("the only {} has no id in the answer of {}", kind.noun, kind.list),
            },
            [] => bail!("there is no {} yet", kind.noun),
            many => Err(usage(format!(
                "there are {} {}s, so name one with --{}: {}",
                many.len(),
                kind.noun,
                kind.noun,
                kind.first_names(many)
            ))),
        }
    }

    /// The same, among those that `scope` leaves.
    pub(crate) async fn id_within(
        &self,
        kind: &Kind,
        text: &str,
        scope: &[(&str, &str)],
    ) -> Result<String> {
        if is_id(text) {
            return Ok(text.to_owned());
        }
        let row = self.named(kind, text, scope).await?;
        match row.get("id").and_then(Value::as_str) {
            Some(id) => Ok(id.to_owned()),
            None => bail!("the {} {text} has no id in the answer of {}", kind.noun, kind.list),
        }
    }

    /// The whole record of the one `kind` that has this name or id.
    pub(crate) async fn record(&self, kind: &Kind, text: &str) -> Result<Value> {
        if !is_id(text) {
            return self.named(kind, text, &[]).await;
        }
        let rows = self.session.list_rows(&kind.request().with("id", text)).await?;
        let found = rows.into_iter().next();
        found.ok_or_else(|| anyhow::anyhow!("there is no {} with the id {text}", kind.noun))
    }

    async fn named(&self, kind: &Kind, text: &str, scope: &[(&str, &str)]) -> Result<Value> {
        let request = scope
            .iter()
            .fold(kind.request(), |request, (name, value)| request.with(*name, *value))
            .with("keyword", text);
        let rows = self.session.list_rows(&request).await?;
        for name in kind.names {
            let called = |row: &&Value| row.get(name).and_then(Value::as_str) == Some(text);
            let found: Vec<_> = rows.iter().filter(called).collect();
            match found.as_slice() {
                [] => {}
                [one] => return Ok((*one).clone()),
                many => bail!(
                    "{} {}s are called {text}; give the id of one:\n{}",
                    many.len(),
                    kind.noun,
                    many.iter().map(|row| kind.describe(row)).collect::<Vec<_>>().join("\n")
                ),
            }
        }
        let near: Vec<_> = rows.iter().take(5).map(|row| kind.describe(row)).collect();
        match near.as_slice() {
            [] => bail!("there is no {} called {text}{}", kind.noun, self.others(kind).await),
            near => bail!("there is no {} called {text}; near it:\n{}", kind.noun, near.join("\n")),
        }
    }
}

impl Context {
    /// What there is instead, after an error; nothing where that cannot be told.
    async fn others(&self, kind: &Kind) -> String {
        match self.session.list_rows(&kind.request()).await {
            Ok(rows) if rows.is_empty() => format!("; there is no {} yet", kind.noun),
            Ok(rows) => format!("; there are: {}", kind.first_names(&rows)),
            Err(_) => String::new(), // the error that is being told matters more
        }
    }
}

impl Kind {
    /// Names of a few of them.
    fn first_names(&self, rows: &[Value]) -> String {
        const FEW: usize = 8;
        let name = |row: &Value| {
            let named = self.names.iter().find_map(|name| row.get(*name).and_then(Value::as_str));
            named.map(str::to_owned)
        };
        let mut names: Vec<_> = rows.iter().filter_map(name).take(FEW).collect();
        if rows.len() > FEW {
            names.push("...".to_owned());
        }
        names.join(", ")
    }

    /// The call that lists such things.
    pub(crate) fn request(&self) -> Request {
        self.fixed
            .iter()
            .fold(Request::new(self.list), |request, (name, value)| request.with(*name, *value))
    }

    /// `id name (what tells it apart)`.
    fn describe(&self, row: &Value) -> String {
        let text = |name: &&str| row.get(*name).and_then(Value::as_str);
        let apart: Vec<_> = self.tells_apart.iter().filter_map(text).collect();
        let name = self.names.iter().find_map(text).unwrap_or_default();
        let apart =
            if apart.is_empty() { String::new() } else { format!(" ({})", apart.join(", ")) };
        format!("  {} {name}{apart}", text(&"id").unwrap_or("-"))
    }
}

fn is_id(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|id| id.to_string().eq_ignore_ascii_case(text))
}
