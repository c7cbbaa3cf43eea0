//! `hostler env` and `hostler completion`: what needs no manager.

use anyhow::{Result, bail};
use clap_complete::Shell;
use clap_complete::env::Shells;
use hostler_client::mask::MASK;
use serde_json::{Value, json};

use crate::cli::Global;
use crate::context;
use crate::nouns::NOUNS;
use crate::output::{Column, column};

const COLUMNS: &[Column] =
    &[column("SETTING", "name"), column("VALUE", "value"), column("FROM", "from")];

/// Prints each setting and where it came from; secrets are masked.
pub(crate) fn show(global: &Global) -> Result<()> {
    let config = context::config(global)?;
    let row = |name: &str, value: Option<String>, from: Option<String>| {
        json!({"name": name, "value": value.unwrap_or_else(|| "-".to_owned()),
            "from": from.unwrap_or_else(|| "not set".to_owned())})
    };
    let masked = |secret: Option<&hostler_client::config::Setting<String>>| {
        (secret.map(|_| MASK.to_owned()), secret.map(|secret| secret.origin.to_string()))
    };
    let (api_key, api_key_from) = masked(config.api_key.as_ref());
    let (secret_key, secret_key_from) = masked(config.secret_key.as_ref());
    let ca_file = config.ca_file.as_ref();
    let profile = config.profile.as_ref();
    let rows: Vec<Value> = vec![
        row("endpoint", Some(config.endpoint.value), Some(config.endpoint.origin.to_string())),
        row("api_key", api_key, api_key_from),
        row("secret_key", secret_key, secret_key_from),
        row(
            "timeout",
            Some(config.timeout.value.as_secs_f64().to_string()),
            Some(config.timeout.origin.to_string()),
        ),
        row(
            "ca_file",
            ca_file.map(|set| set.value.display().to_string()),
            ca_file.map(|set| set.origin.to_string()),
        ),
        row(
            "profile",
            profile.map(|set| set.value.clone()),
            profile.map(|set| set.origin.to_string()),
        ),
    ];
    context::output(global).rows(&rows, COLUMNS)
}

/// Prints the completion script of a shell: it asks this program, which also knows the names in the live cloud.
pub(crate) fn completion(shell: Shell) -> Result<()> {
    let shells = Shells::builtins();
    let Some(completer) = shells.completer(&shell.to_string()) else {
        bail!("there is no completion for {shell}");
    };
    let mut script = Vec::new();
    completer.write_registration("COMPLETE", "hostler", "hostler", "hostler", &mut script)?;
    Ok(std::io::Write::write_all(&mut std::io::stdout(), &script)?)
}

/// Prints every verb of the tables with the API call that it makes and its parameters.
pub(crate) fn commands(global: &Global) -> Result<()> {
    let verbs = NOUNS.iter().flat_map(|noun| noun.verbs.iter().map(move |verb| (noun, verb)));
    let rows: Vec<Value> = verbs
        .map(|(noun, verb)| {
            let params: Vec<_> = verb.params().collect();
            json!({"name": format!("{} {}", noun.name, verb.name), "call": verb.command,
                "params": params, "about": verb.about})
        })
        .collect();
    let columns = &[column("COMMAND", "name"), column("API CALL", "call"), column("WHAT", "about")];
    context::output(global).rows(&rows, columns)
}
