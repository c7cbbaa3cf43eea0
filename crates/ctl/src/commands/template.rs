//! `hostler template`.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use hostler_client::{ClientError, Patience, Request};
use serde_json::Value;

use crate::context::{Context, Outcome, object_in};
use crate::output::{Column, Unit, column};
use crate::progress::Spinner;
use crate::resolve::{Kind, OS_TYPE, SNAPSHOT, TEMPLATE, VOLUME, ZONE};

#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Have the cloud download an image; --wait waits until it is ready
    Register(TemplateRegister),
    /// Make one from a disk that no guest has open, or from a copy of a disk
    Create(TemplateCreate),
    /// List templates
    List {
        /// Which: all, self, featured, executable, community
        #[arg(long, default_value = "all")]
        filter: String,
        /// Only in this zone
        #[arg(long)]
        zone: Option<String>,
    },
    /// Show a template
    Show {
        /// Name or id
        template: String,
    },
    /// Make a link by which anybody who knows it downloads a template, for a while
    Extract {
        /// Name or id
        template: String,
    },
    /// Delete a template
    Delete {
        /// Name or id
        template: String,
        /// Only in this zone
        #[arg(long)]
        zone: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TemplateRegister {
    /// Its name
    name: String,
    /// Where the image is
    #[arg(long)]
    url: String,
    /// OS type, by description or id, such as `linux`
    #[arg(long, value_name = "OS")]
    os: Option<String>,
    /// Form of the image
    #[arg(long, default_value = "qcow2")]
    format: String,
    /// Its zone [default: all]
    #[arg(long)]
    zone: Option<String>,
    /// Expected checksum, such as `{SHA-256}…`
    #[arg(long)]
    checksum: Option<String>,
    /// Text to show in lists [default: the name]
    #[arg(long, value_name = "TEXT")]
    display_text: Option<String>,
    /// Everybody may use it
    #[arg(long)]
    public: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TemplateCreate {
    /// Its name
    name: String,
    /// The disk: name or id; its VM must be stopped
    #[arg(long, value_name = "VOLUME", required_unless_present = "from_snapshot")]
    from_volume: Option<String>,
    /// The copy of a disk: name or id; the VM may run
    #[arg(long, value_name = "SNAPSHOT", conflicts_with = "from_volume")]
    from_snapshot: Option<String>,
    /// OS type, by description or id
    #[arg(long, value_name = "OS", default_value = "linux")]
    os: String,
    /// Text to show in lists [default: the name]
    #[arg(long, value_name = "TEXT")]
    display_text: Option<String>,
    /// Everybody may use it
    #[arg(long)]
    public: bool,
}

const COLUMNS: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("STATUS", "status"),
    column("READY", "isready"),
    column("FORMAT", "format"),
    Column("SIZE MIB", "size", Unit::Mib),
    column("OS", "ostypename"),
    column("ZONE", "zonename"),
];

const LINK: &[Column] = &[column("NAME", "name"), column("URL", "url")];

/// Templates whether they are ready or not.
const ANY_TEMPLATE: Kind = Kind { fixed: &[("templatefilter", "self")], ..TEMPLATE };

pub(crate) async fn run(context: &Context, command: TemplateCommand) -> Result<()> {
    match command {
        TemplateCommand::Register(register) => self::register(context, register).await,
        TemplateCommand::Create(create) => self::create(context, create).await,
        TemplateCommand::List { filter, zone } => {
            let zone = context.optional_id(&ZONE, zone.as_deref()).await?;
            list(context, &filter, zone).await
        }
        TemplateCommand::Show { template } => {
            let id = find(context, &template).await?;
            context.output.record(&context.record(&ANY_TEMPLATE, &id).await?, COLUMNS)
        }
        TemplateCommand::Extract { template } => {
            let request = Request::new("extractTemplate")
                .with("id", find(context, &template).await?)
                .with("mode", "HTTP_DOWNLOAD");
            context.perform(&request, &format!("template {template} can be had"), LINK).await
        }
        TemplateCommand::Delete { template, zone } => {
            let request = Request::new("deleteTemplate")
                .with("id", find(context, &template).await?)
                .with_some("zoneid", context.optional_id(&ZONE, zone.as_deref()).await?);
            context.perform(&request, &format!("template {template} deleted"), COLUMNS).await
        }
    }
}

/// Only administrators may ask for all; others get what they may use.
async fn list(context: &Context, filter: &str, zone: Option<String>) -> Result<()> {
    let request = |filter: &str| {
        Request::new("listTemplates")
            .with("templatefilter", filter)
            .with_some("zoneid", zone.as_ref())
    };
    match context.session.list_rows(&request(filter)).await {
        Err(ClientError::Api { code: 431 | 531, .. }) if filter == "all" => {
            context.list(&request("executable"), COLUMNS).await
        }
        rows => context.output.rows(&rows?, COLUMNS),
    }
}

async fn register(context: &Context, register: TemplateRegister) -> Result<()> {
    let zone = context.optional_id(&ZONE, register.zone.as_deref()).await?;
    let os_type = match &register.os {
        Some(os) => os_type(context, os).await?,
        None => None,
    };
    let request = Request::new("registerTemplate")
        .with("name", &register.name)
        .with("displaytext", register.display_text.as_ref().unwrap_or(&register.name))
        .with("url", register.url)
        .with("format", register.format.to_uppercase())
        .with("hypervisor", "KVM")
        .with("zoneid", zone.unwrap_or_else(|| "-1".to_owned()))
        .with_some("ostypeid", os_type)
        .with_some("checksum", register.checksum)
        .with_some("ispublic", register.public.then_some(true));
    let sentence = format!("template {} registered", register.name);
    if !context.wait {
        return context.perform(&request, &sentence, COLUMNS).await;
    }
    let result = match context.outcome(&request).await? {
        Outcome::Ended(result) | Outcome::Started(result) => result,
    };
    let Some(id) = object_in(&result).and_then(|template| template["id"].as_str()) else {
        bail!("registerTemplate answered without the template's id");
    };
    let ready = wait_until_ready(context, id, &register.name);
    let template = match context.patience {
        Patience::Endless => ready.await?,
        Patience::AtMost(limit) => match tokio::time::timeout(limit, ready).await {
            Ok(template) => template?,
            Err(_) => {
                bail!("template {id} is not ready after {} s; it goes on", limit.as_secs_f64())
            }
        },
    };
    context.output.record(&template, COLUMNS)
}

async fn create(context: &Context, create: TemplateCreate) -> Result<()> {
    let request = Request::new("createTemplate")
        .with("name", &create.name)
        .with("displaytext", create.display_text.as_ref().unwrap_or(&create.name))
        .with_some("ostypeid", os_type(context, &create.os).await?)
        .with_some("volumeid", context.optional_id(&VOLUME, create.from_volume.as_deref()).await?)
        .with_some(
            "snapshotid",
            context.optional_id(&SNAPSHOT, create.from_snapshot.as_deref()).await?,
        )
        .with_some("ispublic", create.public.then_some(true));
    context.perform(&request, &format!("template {} made", create.name), COLUMNS).await
}

/// Looks every other second until the template is ready.
async fn wait_until_ready(context: &Context, id: &str, name: &str) -> Result<Value> {
    let spinner = Spinner::start(format!("template {name}"));
    loop {
        let template = context.record(&ANY_TEMPLATE, id).await?;
        if template["isready"] == true {
            return Ok(template);
        }
        let status = template["status"].as_str().unwrap_or("waiting").to_owned();
        let failed = ["error", "fail", "abandon"];
        if failed.iter().any(|word| status.to_lowercase().contains(word)) {
            bail!("template {name} ({id}) cannot be made ready: {status}");
        }
        spinner.say(format!("template {name}: {status}"));
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// The OS type of that description, or the most general one that has the word in it; none when the manager keeps no
/// OS types.
async fn os_type(context: &Context, text: &str) -> Result<Option<String>> {
    if uuid::Uuid::try_parse(text).is_ok() {
        return Ok(Some(text.to_owned()));
    }
    let request = Request::new("listOsTypes").with("keyword", text);
    let rows = match context.session.list_rows(&request).await {
        Err(error) if error.is_unknown_command() => return Ok(None),
        rows => rows?,
    };
    let word = text.to_lowercase();
    let described = |row: &Value| row["description"].as_str().unwrap_or_default().to_lowercase();
    let exact = rows.iter().find(|row| described(row) == word);
    let general = || {
        rows.iter()
            .find(|row| described(row).starts_with("other") && described(row).contains(&word))
    };
    match exact.or_else(general).and_then(|row| row["id"].as_str()) {
        Some(id) => Ok(Some(id.to_owned())),
        None => context.id(&OS_TYPE, text).await.map(Some),
    }
}

/// The id of a template, ready or not; of the caller's own before those of others.
async fn find(context: &Context, text: &str) -> Result<String> {
    match context.id(&ANY_TEMPLATE, text).await {
        Ok(id) => Ok(id),
        Err(_) => context.id(&TEMPLATE, text).await,
    }
}
