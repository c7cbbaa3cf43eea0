//! What the manager is told before it has a database: `manager.toml`, and flags that override it.
//!
//! Not here: settings that can change while it runs (`settings`).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

/// Where the file is unless a flag says otherwise.
pub const DEFAULT_FILE: &str = "/etc/hostler/manager.toml";

/// How this manager runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Database, certificates, keys of hosts, settings of the first administrator.
    pub state_dir: PathBuf,
    /// Where the API answers.
    pub api_listen: SocketAddr,
    /// Where agents connect.
    pub agent_listen: SocketAddr,
    /// What hosts are told to dial; empty: this machine's address on the way to the host.
    pub agent_addresses: Vec<String>,
    /// The agent that is put on hosts.
    pub agent_binary: PathBuf,
    /// The scripts that are put on hosts.
    pub agent_scripts: PathBuf,
    /// What is logged, as a filter of `tracing`.
    pub log: String,
    /// Whether the manager only looks: hosts are heard, nothing is done.
    pub read_only: bool,
    /// Initial values of settings; the database has the last word.
    pub settings: BTreeMap<String, String>,
}

/// Flags; each overrides the key of the same name.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// Directory of the database, certificates and keys [default: /var/lib/hostler]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Address and port of the API [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub api_listen: Option<SocketAddr>,
    /// Address and port for agents [default: 0.0.0.0:8250]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub agent_listen: Option<SocketAddr>,
    /// Addresses that hosts dial, comma separated [default: this machine's on the way to the host]
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    pub agent_addresses: Option<Vec<String>>,
    /// The agent that is put on hosts [default: /usr/bin/hostler-agent]
    #[arg(long, value_name = "FILE")]
    pub agent_binary: Option<PathBuf>,
    /// The scripts that are put on hosts [default: /usr/share/hostler/agent-scripts]
    #[arg(long, value_name = "DIR")]
    pub agent_scripts: Option<PathBuf>,
    /// What is logged, for instance info or debug [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// Only look: take hosts in and show what they say, run no job and change nothing, for instance after a restore
    #[arg(long)]
    pub read_only: bool,
}

/// The keys of `manager.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    state_dir: Option<PathBuf>,
    api_listen: Option<SocketAddr>,
    agent_listen: Option<SocketAddr>,
    agent_addresses: Option<Vec<String>>,
    agent_binary: Option<PathBuf>,
    agent_scripts: Option<PathBuf>,
    log: Option<String>,
    settings: BTreeMap<String, SettingValue>,
}

const KEYS: &[&str] = &[
    "state_dir",
    "api_listen",
    "agent_listen",
    "agent_addresses",
    "agent_binary",
    "agent_scripts",
    "log",
    "settings",
];

/// A setting may be written as what it is or as text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum SettingValue {
    Flag(bool),
    Whole(i64),
    Decimal(f64),
    Text(String),
}

impl From<SettingValue> for String {
    fn from(value: SettingValue) -> Self {
        match value {
            SettingValue::Flag(value) => value.to_string(),
            SettingValue::Whole(value) => value.to_string(),
            SettingValue::Decimal(value) => value.to_string(),
            SettingValue::Text(value) => value,
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {file}")]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A value is malformed; the text names line and key.
    #[error("{file} cannot be used: {text}")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        text: String,
    },
}

impl Config {
    /// The file, overridden by the flags, and the keys that nobody knows.
    ///
    /// A file that was not asked for by name need not exist.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the line and the key.
    pub fn load(file: Option<&Path>, flags: &Flags) -> Result<(Self, Vec<String>), ConfigError> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && file.is_none() => String::new(),
            Err(source) => return Err(ConfigError::Read { file: path.to_owned(), source }),
        };
        let malformed = |e: toml::de::Error| ConfigError::Malformed {
            file: path.to_owned(),
            text: e.to_string().trim_end().to_owned(),
        };
        let keys: toml::Table = toml::from_str(&text).map_err(malformed)?;
        let unknown = keys.keys().filter(|key| !KEYS.contains(&key.as_str())).cloned().collect();
        let file: File = toml::from_str(&text).map_err(malformed)?;
        Ok((Self::of(file, flags.clone()), unknown))
    }

    fn of(file: File, flags: Flags) -> Self {
        let path = |flag: Option<PathBuf>, key: Option<PathBuf>, default: &str| {
            flag.or(key).unwrap_or_else(|| default.into())
        };
        let (api, agents) =
            (SocketAddr::from(([127, 0, 0, 1], 8080)), SocketAddr::from(([0; 4], 8250)));
        Self {
            state_dir: path(flags.state_dir, file.state_dir, "/var/lib/hostler"),
            api_listen: flags.api_listen.or(file.api_listen).unwrap_or(api),
            agent_listen: flags.agent_listen.or(file.agent_listen).unwrap_or(agents),
            agent_addresses: flags.agent_addresses.or(file.agent_addresses).unwrap_or_default(),
            agent_binary: path(flags.agent_binary, file.agent_binary, "/usr/bin/hostler-agent"),
            agent_scripts: path(
                flags.agent_scripts,
                file.agent_scripts,
                "/usr/share/hostler/agent-scripts",
            ),
            log: flags.log.or(file.log).unwrap_or_else(|| "info".to_owned()),
            read_only: flags.read_only,
            settings: file.settings.into_iter().map(|(k, v)| (k, v.into())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn load(text: &str, flags: &Flags) -> Result<(Config, Vec<String>), ConfigError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Config::load(Some(file.path()), flags)
    }

    #[test]
    fn a_flag_overrides_the_file_and_the_file_the_default() {
        let flags = Flags { log: Some("debug".to_owned()), ..Flags::default() };
        let (config, unknown) =
            load("log = 'warn'\nstate_dir = '/x'\n[settings]\n'ping.interval' = 5\n", &flags)
                .unwrap();
        assert_eq!((config.log.as_str(), config.state_dir.to_str()), ("debug", Some("/x")));
        assert_eq!(config.settings["ping.interval"], "5");
        assert_eq!(config.agent_listen.port(), 8250);
        assert!(unknown.is_empty());
    }

    #[test]
    fn a_key_that_nobody_knows_is_told_and_does_no_harm() {
        let (_, unknown) = load("statedir = '/x'\n", &Flags::default()).unwrap();
        assert_eq!(unknown, ["statedir"]);
    }

    #[test]
    fn a_malformed_value_is_named_with_its_line_and_key() {
        let error = load("log = 'info'\napi_listen = 'here'\n", &Flags::default()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("line 2") && text.contains("api_listen"), "{text}");
    }
}
