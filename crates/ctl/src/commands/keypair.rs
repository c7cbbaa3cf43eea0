//! `hostler keypair`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use hostler_client::Request;

use crate::context::Context;
use crate::output::{Column, column};

#[derive(Debug, Subcommand)]
pub(crate) enum KeypairCommand {
    /// Register a public key
    Register {
        /// Its name
        name: String,
        /// File with the public key
        #[arg(long, value_name = "PUB")]
        file: PathBuf,
    },
    /// List key pairs
    List,
    /// Delete a key pair
    Delete {
        /// Its name
        name: String,
    },
}

const COLUMNS: &[Column] =
    &[column("NAME", "name"), column("FINGERPRINT", "fingerprint"), column("ACCOUNT", "account")];

pub(crate) async fn run(context: &Context, command: KeypairCommand) -> Result<()> {
    match command {
        KeypairCommand::Register { name, file } => {
            let key = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read the public key {}", file.display()))?;
            if key.contains("PRIVATE KEY") {
                bail!("{} is the private key; give the public one, *.pub", file.display());
            }
            let request = Request::new("registerSSHKeyPair")
                .with("name", &name)
                .with("publickey", key.trim());
            context.perform(&request, &format!("key pair {name} registered"), COLUMNS).await
        }
        KeypairCommand::List => context.list(&Request::new("listSSHKeyPairs"), COLUMNS).await,
        KeypairCommand::Delete { name } => {
            let request = Request::new("deleteSSHKeyPair").with("name", &name);
            context.perform(&request, &format!("key pair {name} deleted"), COLUMNS).await
        }
    }
}
