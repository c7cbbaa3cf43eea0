//! The client's settings: where they may stand, and where each one came from.
//!
//! The order: what the program says, environment, `~/.config/hostler/config.toml`, `/etc/hostler/config.toml`,
//! default. `HOSTLER_CONFIG_DIR` names one folder in place of the two.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// How long a call may take unless something else is set. Adding a host is one long call.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(10);
/// Where the manager is unless something else is set.
pub const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:8080/client/api";

/// Why there are no usable settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not as it should be.
    #[error("{} is not a configuration: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where; never a value.
        reason: String,
    },
    /// No file has the profile that was asked for.
    #[error("no configuration file has a profile {name}; known: {known}")]
    NoProfile {
        /// The name that was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A setting has a value it cannot have.
    #[error("{setting} is {value:?}, from {source_name}; expected {expected}")]
    Value {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// Where it stands.
        source_name: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Half of a pair of keys, or none.
    #[error(
        "no {setting}: set {variable}, or {key} in ~/.config/hostler/config.toml; on the manager `admin.env` in its state directory has both keys"
    )]
    Missing {
        /// Which setting.
        setting: &'static str,
        /// The environment variable for it.
        variable: &'static str,
        /// The key in the file for it.
        key: &'static str,
    },
    /// The certificate of the authority cannot be used.
    #[error("cannot use {} as a certificate authority", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The program or its command line.
    Program,
    /// An environment variable.
    Environment(&'static str),
    /// A file, or a profile in it.
    File(PathBuf, Option<String>),
    /// Nobody said.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program => f.write_str("command line"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path, None) => write!(f, "{}", path.display()),
            Self::File(path, Some(profile)) => write!(f, "{} [{profile}]", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting and where it came from.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// Its value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> fmt::Debug for Setting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(from {})", self.origin) // may be a secret
    }
}

/// Everything a session needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// URL of the API.
    pub endpoint: Setting<String>,
    /// The user's API key.
    pub api_key: Option<Setting<String>>,
    /// The user's secret key.
    pub secret_key: Option<Setting<String>>,
    /// How long one call may take.
    pub timeout: Setting<Duration>,
    /// PEM file of the authority that signed the manager's HTTPS certificate.
    pub ca_file: Option<Setting<PathBuf>>,
    /// Accept any HTTPS certificate.
    pub insecure: bool,
    /// The profile in use.
    pub profile: Option<Setting<String>>,
}

/// What a program says about settings; each `None` is looked for elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// URL of the API.
    pub endpoint: Option<String>,
    /// Which profile of the files.
    pub profile: Option<String>,
    /// How long one call may take.
    pub timeout: Option<Duration>,
    /// PEM file of an authority.
    pub ca_file: Option<PathBuf>,
    /// Accept any HTTPS certificate.
    pub insecure: bool,
}

/// The surroundings that settings are read from. Tests bring their own.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// Configuration files, the more important first. Those that do not exist are skipped.
    pub files: Vec<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let filled = |name: &str| variables.get(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let folders = match filled("HOSTLER_CONFIG_DIR") {
            Some(folder) => vec![folder],
            None => filled("XDG_CONFIG_HOME")
                .or_else(|| filled("HOME").map(|home| home.join(".config")))
                .map(|folder| folder.join("hostler"))
                .into_iter()
                .chain([PathBuf::from("/etc/hostler")])
                .collect(),
        };
        let files = folders.into_iter().map(|folder| folder.join("config.toml")).collect();
        Self { variables, files }
    }
}

impl Config {
    /// The settings of this process.
    ///
    /// # Errors
    /// A file or value that cannot be used. Missing keys are only missed when a session is made.
    pub fn load() -> Result<Self, ConfigError> {
        Self::resolve(Overrides::default(), &Surroundings::of_process())
    }

    /// The settings from what the program says and its surroundings.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn resolve(overrides: Overrides, around: &Surroundings) -> Result<Self, ConfigError> {
        let files = Files::read(around)?;
        let variable = |name: &'static str| {
            let value = around.variables.get(name).filter(|value| !value.is_empty())?;
            Some(Setting { value: value.clone(), origin: Origin::Environment(name) })
        };
        let program =
            |value: Option<String>| Some(Setting { value: value?, origin: Origin::Program });
        let profile = program(overrides.profile)
            .or_else(|| variable("HOSTLER_PROFILE"))
            .or_else(|| files.default_profile());
        let layers = files.layers(profile.as_ref())?;
        let filed = |read: fn(&Keys) -> Option<String>| {
            layers.iter().find_map(|(origin, keys)| {
                Some(Setting { value: read(keys)?, origin: origin.clone() })
            })
        };

        let endpoint = program(overrides.endpoint)
            .or_else(|| variable("HOSTLER_ENDPOINT"))
            .or_else(|| filed(|keys| keys.endpoint.clone()))
            .unwrap_or_else(|| Setting { value: DEFAULT_ENDPOINT.into(), origin: Origin::Default });
        let timeout = match overrides.timeout {
            Some(value) => Setting { value, origin: Origin::Program },
            None => variable("HOSTLER_TIMEOUT")
                .or_else(|| filed(|keys| keys.timeout.map(|seconds| seconds.to_string())))
                .map_or(Ok(Setting { value: DEFAULT_TIMEOUT, origin: Origin::Default }), seconds)?,
        };
        let ca_file = match overrides.ca_file {
            Some(value) => Some(Setting { value, origin: Origin::Program }),
            None => variable("HOSTLER_CA_FILE")
                .or_else(|| filed(|keys| keys.ca_file.clone()))
                .map(|set| Setting { value: set.value.into(), origin: set.origin }),
        };
        Ok(Self {
            endpoint: normal_endpoint(endpoint)?,
            api_key: variable("HOSTLER_API_KEY").or_else(|| filed(|keys| keys.api_key.clone())),
            secret_key: variable("HOSTLER_SECRET_KEY")
                .or_else(|| filed(|keys| keys.secret_key.clone())),
            timeout,
            ca_file,
            insecure: overrides.insecure,
            profile,
        })
    }
}

/// A length of time in seconds, with decimals; more than 0.
pub fn parse_seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero())
}

fn seconds(setting: Setting<String>) -> Result<Setting<Duration>, ConfigError> {
    match parse_seconds(&setting.value) {
        Some(value) => Ok(Setting { value, origin: setting.origin }),
        None => Err(ConfigError::Value {
            setting: "timeout",
            value: setting.value,
            source_name: setting.origin.to_string(),
            expected: "seconds, more than 0",
        }),
    }
}

/// A bare `http://host:port` gets the API's path.
fn normal_endpoint(setting: Setting<String>) -> Result<Setting<String>, ConfigError> {
    let url = reqwest::Url::parse(setting.value.trim()).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
    });
    let Some(mut url) = url else {
        return Err(ConfigError::Value {
            setting: "endpoint",
            value: setting.value,
            source_name: setting.origin.to_string(),
            expected: "a URL such as http://10.0.0.1:8080/client/api",
        });
    };
    match url.path() {
        "" | "/" => url.set_path("/client/api"),
        "/client" | "/client/" => url.set_path("/client/api"),
        _ => {}
    }
    Ok(Setting { value: url.to_string(), origin: setting.origin })
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    endpoint: Option<String>,
    api_key: Option<String>,
    secret_key: Option<String>,
    timeout: Option<f64>,
    ca_file: Option<String>,
}

/// `profile` and keys at the top, and keys under `[profiles.NAME]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: Option<String>,
    endpoint: Option<String>,
    api_key: Option<String>,
    secret_key: Option<String>,
    timeout: Option<f64>,
    ca_file: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Keys>,
}

struct Files(Vec<(PathBuf, File)>);

impl Files {
    fn read(around: &Surroundings) -> Result<Self, ConfigError> {
        let read = |path: &PathBuf| match std::fs::read_to_string(path) {
            Ok(text) => Some(parse_file(path, &text).map(|file| (path.clone(), file))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => Some(Err(ConfigError::Read { path: path.clone(), source })),
        };
        around.files.iter().filter_map(read).collect::<Result<_, _>>().map(Self)
    }

    fn default_profile(&self) -> Option<Setting<String>> {
        self.0.iter().find_map(|(path, file)| {
            let value = file.profile.clone()?;
            Some(Setting { value, origin: Origin::File(path.clone(), None) })
        })
    }

    /// The keys that count, the most important first: the profile in each file, then what stands at the top.
    fn layers(
        &self,
        profile: Option<&Setting<String>>,
    ) -> Result<Vec<(Origin, Keys)>, ConfigError> {
        let named = |(path, file): &(PathBuf, File)| {
            let name = &profile?.value;
            let keys = file.profiles.get(name)?.clone();
            Some((Origin::File(path.clone(), Some(name.clone())), keys))
        };
        let mut layers: Vec<_> = self.0.iter().filter_map(named).collect();
        if let (Some(profile), true) = (profile, layers.is_empty()) {
            let known: Vec<_> = self
                .0
                .iter()
                .flat_map(|(_, file)| file.profiles.keys())
                .map(String::as_str)
                .collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(ConfigError::NoProfile { name: profile.value.clone(), known });
        }
        layers.extend(self.0.iter().map(|(path, file)| {
            let keys = Keys {
                endpoint: file.endpoint.clone(),
                api_key: file.api_key.clone(),
                secret_key: file.secret_key.clone(),
                timeout: file.timeout,
                ca_file: file.ca_file.clone(),
            };
            (Origin::File(path.clone(), None), keys)
        }));
        Ok(layers)
    }
}

fn parse_file(path: &Path, text: &str) -> Result<File, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].lines().count().max(1));
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        ConfigError::Syntax { path: path.to_owned(), reason: format!("{line}{}", error.message()) }
    })
}
