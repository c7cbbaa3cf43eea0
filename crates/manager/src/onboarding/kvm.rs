//! Adding a KVM host: over SSH, with the scripts that prepare a machine.
//!
//! What travels: a read-only look (`preflight`), a staging directory with the agent and its scripts, a
//! certificate request back, the signed certificate, and one run of `setup-agent`. The staging directory is
//! removed whatever happens. The host's private key stays there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hostler_model::HostGuid;

use super::ssh::{Greeted, Input, Output, Ssh, SshError, greet};
use super::stages::{AddHostError, Failure, Stages};
use super::{Access, AddHostRequest, Discoverer, Means};

/// Exit codes of `preflight` that no repetition changes.
const DEFINITE: std::ops::RangeInclusive<u32> = 20..=29;
/// A small remote command.
const SHORT: Duration = Duration::from_mins(1);
/// Looking at the host; package lists may be fetched.
const PREFLIGHT: Duration = Duration::from_mins(3);
/// One file of some 100 MB over a slow line.
const UPLOAD: Duration = Duration::from_mins(10);
/// Packages may have to be installed.
const SETUP: Duration = Duration::from_mins(30);
/// How much of stderr an error shows.
const STDERR_TAIL: usize = 1500;

/// Adds KVM hosts.
#[derive(Debug)]
pub struct KvmDiscoverer {
    means: Arc<Means>,
}

impl KvmDiscoverer {
    /// With what the manager has.
    pub fn new(means: Arc<Means>) -> Self {
        Self { means }
    }
}

#[async_trait]
impl Discoverer for KvmDiscoverer {
    fn hypervisor(&self) -> &'static str {
        "KVM"
    }

    async fn find(
        &self,
        address: SocketAddr,
        request: &AddHostRequest,
        stages: &mut Stages,
    ) -> Result<HostGuid, AddHostError> {
        let means = &self.means;
        let host = Host::open(means, address, &request.access, stages).await?;
        let known = stages.run("preflight", host.preflight()).await?;
        let staging = stages.run("upload", host.upload()).await?;
        let prepared = host.prepare(request, &known, &staging, stages).await;
        host.remove_staging(&staging).await;
        host.ssh.close().await;
        prepared
    }

    async fn clean(
        &self,
        address: SocketAddr,
        access: &Access,
        packages: bool,
        stages: &mut Stages,
    ) -> Result<(), AddHostError> {
        let host = Host::open(&self.means, address, access, stages).await?;
        let staging = stages.run("upload", host.upload()).await?;
        let removed = stages.run("setup-agent", host.run_remove(&staging, packages)).await;
        host.remove_staging(&staging).await;
        host.ssh.close().await;
        removed
    }
}

/// What `preflight` has found that matters later.
#[derive(Debug)]
struct Known {
    guid: Option<HostGuid>,
    /// The device that has the address which the manager reached.
    device: Option<String>,
}

/// A host that somebody is logged in to.
struct Host<'a> {
    means: &'a Means,
    address: SocketAddr,
    ssh: Ssh,
}

impl<'a> Host<'a> {
    async fn open(
        means: &'a Means,
        address: SocketAddr,
        access: &Access,
        stages: &mut Stages,
    ) -> Result<Self, AddHostError> {
        let (known, wait) = (&means.known_hosts, means.settings.ssh_wait);
        let greeted = stages
            .run("ssh-connect", async {
                let greeted = means.retry(|| greet(address, known, wait), retry_connect).await?;
                let state = if greeted.first_use { "seen for the first time" } else { "as pinned" };
                let detail = format!("{address}, host key {} {state}", greeted.fingerprint);
                Ok::<(Greeted, String), Failure>((greeted, detail))
            })
            .await?;
        let (fingerprint, endpoint) = (greeted.fingerprint.clone(), address.to_string());
        let ssh = stages
            .run("ssh-auth", async {
                let ssh = greeted.log_in(&access.user, &access.auth, wait).await?;
                // Only a machine that knows the user is worth remembering.
                known.pin(&endpoint, &fingerprint)?;
                Ok((ssh, format!("logged in as {}", access.user)))
            })
            .await?;
        Ok(Self { means, address, ssh })
    }

    /// Runs a command that does no harm when it is repeated, until it ends with 0 or a definite no.
    async fn run_safe(
        &self,
        arguments: &[&str],
        input: &Input,
        wait: Duration,
    ) -> Result<Output, Failure> {
        let mut codes = Vec::new();
        let mut pause = self.means.settings.retry_pause;
        loop {
            let output = self.ssh.run(arguments, input.clone(), wait).await?;
            if output.code == Some(0) {
                return Ok(output);
            }
            codes.extend(output.code);
            let definite = output.code.is_some_and(|code| DEFINITE.contains(&code));
            if definite || codes.len() >= self.means.settings.tries {
                return Err(failed(arguments, &output, codes));
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// Runs a command once.
    async fn run_once(
        &self,
        arguments: &[&str],
        input: Input,
        wait: Duration,
    ) -> Result<Output, Failure> {
        let output = self.ssh.run(arguments, input, wait).await?;
        if output.code == Some(0) {
            return Ok(output);
        }
        let codes = output.code.into_iter().collect();
        Err(failed(arguments, &output, codes))
    }

    async fn preflight(&self) -> Result<(Known, String), Failure> {
        let script = self.means.agent_scripts.join("preflight");
        let input = Input::File(script);
        let output = self.run_safe(&["bash", "-s"], &input, PREFLIGHT).await?;
        let facts: BTreeMap<&str, &str> =
            output.stdout.lines().filter_map(|line| line.split_once('=')).collect();
        let fact = |name: &str| facts.get(name).copied().unwrap_or("?");
        let guid = match facts.get("guid") {
            None | Some(&"") => None,
            Some(text) => Some(text.parse().map_err(|_| {
                Failure::new(format!(
                    "/etc/hostler/agent.properties on the host holds guid={text:?}, which is none; remove that line"
                ))
            })?),
        };
        let device = self.device().await?;
        let detail = format!(
            "{} {} on {}, kvm {}, {} MiB free, packages {}",
            fact("os"),
            fact("version"),
            fact("arch"),
            fact("kvm"),
            fact("disk_free_mb"),
            fact("packages"),
        );
        Ok((Known { guid, device }, detail))
    }

    /// The device that has the address which the manager reached; nothing behind address translation.
    async fn device(&self) -> Result<Option<String>, Failure> {
        let ip = self.address.ip().to_string();
        let question = ["ip", "-o", "addr", "show", "to", &ip];
        let output = self.ssh.run(&question, Input::Nothing, SHORT).await?;
        // "2: eth0    inet 10.0.0.7/24 ..."; "eth0@if7" is shown as such only by `ip link`.
        Ok(output.stdout.split_whitespace().nth(1).map(str::to_owned))
    }

    /// Puts everything into a new directory that only root can read.
    async fn upload(&self) -> Result<(String, String), Failure> {
        let files = self.means.files()?;
        let made = self
            .run_once(&["mktemp", "-d", "/var/tmp/hostler-setup.XXXXXXXX"], Input::Nothing, SHORT)
            .await?;
        let staging = made.stdout.trim().to_owned();
        if !staging.starts_with("/var/tmp/hostler-setup.") {
            return Err(Failure::new(format!("mktemp printed {staging:?}")));
        }
        let mut bytes = 0;
        for file in &files {
            let target = format!("{staging}/{}", file.name);
            let input = Input::File(file.path.clone());
            if let Err(failure) = self.write(&target, file.mode, input).await {
                self.remove_staging(&staging).await;
                return Err(failure);
            }
            bytes += file.size;
        }
        let detail = format!("{} files, {} to {staging}", files.len(), hostler_model::Bytes(bytes));
        Ok((staging, detail))
    }

    async fn write(&self, target: &str, mode: &str, input: Input) -> Result<(), Failure> {
        const SCRIPT: &str =
            r#"umask 077 && cat > "$1.part" && chmod "$2" "$1.part" && mv "$1.part" "$1""#;
        self.run_safe(&["sh", "-c", SCRIPT, "sh", target, mode], &input, UPLOAD).await?;
        Ok(())
    }

    async fn prepare(
        &self,
        request: &AddHostRequest,
        known: &Known,
        staging: &str,
        stages: &mut Stages,
    ) -> Result<HostGuid, AddHostError> {
        let guid = stages.run("certificates", self.certify(known, request.known, staging)).await?;
        stages.run("setup-agent", self.run_setup(request, known, guid, staging)).await?;
        Ok(guid)
    }

    /// Signs a key that is made on the host.
    async fn certify(
        &self,
        known: &Known,
        meant: Option<HostGuid>,
        staging: &str,
    ) -> Result<(HostGuid, String), Failure> {
        let program = format!("{staging}/setup-agent");
        let installed = known.guid.map(|guid| guid.to_string());
        let mut arguments = vec![program.as_str(), "csr", "--stage", staging];
        if let Some(guid) = &installed {
            arguments.extend(["--guid", guid]);
        }
        // What was signed before a removal is refused for good, so the host must not keep it.
        if let Some(guid) = known.guid
            && self.means.was_removed(guid).await?
        {
            arguments.push("--renew-key");
        }
        let output = self.run_safe(&arguments, &Input::Nothing, SETUP).await?;
        let line = output.stderr.lines().find_map(|line| line.strip_prefix("guid="));
        let guid = line.and_then(|text| text.trim().parse::<HostGuid>().ok());
        let guid = guid.ok_or_else(|| {
            Failure::new("setup-agent csr named no guid; are the manager's agent_scripts complete?")
        })?;
        self.means.refuse_another(guid, meant).await?;
        let certificate = self.means.authority.sign_agent(&output.stdout, guid)?;
        let authority = self.means.authority.certificate().to_owned();
        let files = [("agent.crt", certificate), ("ca.crt", authority)];
        for (name, text) in files {
            self.write(&format!("{staging}/{name}"), "0644", Input::Text(text)).await?;
        }
        let new = if installed.is_some() { "the host's own" } else { "new" };
        Ok((guid, format!("guid {guid} ({new}), certificate signed")))
    }

    /// Prepares the host. Not repeated: what fails here has its own undo.
    async fn run_setup(
        &self,
        request: &AddHostRequest,
        known: &Known,
        guid: HostGuid,
        staging: &str,
    ) -> Result<((), String), Failure> {
        let arguments = setup_arguments(self.means, self.address, request, known, guid, staging)?;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let line = self.ssh.line(&arguments);
        tracing::info!(address = %self.address, line, "preparing a host");
        let output = self.run_once(&arguments, Input::Nothing, SETUP).await?;
        Ok(((), format!("{line} -> {}", summary(&output.stdout))))
    }

    async fn run_remove(&self, staging: &str, packages: bool) -> Result<((), String), Failure> {
        let program = format!("{staging}/setup-agent");
        let mut arguments = vec![program.as_str(), "remove"];
        arguments.extend(packages.then_some("--purge-packages"));
        let output = self.run_once(&arguments, Input::Nothing, SETUP).await?;
        Ok(((), summary(&output.stdout)))
    }

    async fn remove_staging(&self, staging: &str) {
        let removed = self.run_safe(&["rm", "-rf", "--", staging], &Input::Nothing, SHORT).await;
        if let Err(e) = removed {
            tracing::warn!(address = %self.address, staging, why = e.text, "a staging directory stays behind on a host");
        }
    }
}

/// What of a host `setup-agent` has changed, by its `RESULT` line.
fn summary(stdout: &str) -> String {
    let result = stdout.lines().rev().find_map(|line| line.strip_prefix("RESULT "));
    let result: serde_json::Value =
        result.and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
    let changed: Vec<String> = result["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|step| step["outcome"] == "changed")
        .map(|step| format!("{} ({})", text(&step["name"]), text(&step["detail"])))
        .collect();
    if changed.is_empty() {
        "nothing changed".to_owned()
    } else {
        format!("changed {}", changed.join(", "))
    }
}

/// The arguments of `setup-agent`, program first.
fn setup_arguments(
    means: &Means,
    address: SocketAddr,
    request: &AddHostRequest,
    known: &Known,
    guid: HostGuid,
    staging: &str,
) -> Result<Vec<String>, Failure> {
    let managers = means.addresses_for(address)?.join(",");
    let guest = request.guest_device.clone().unwrap_or_else(|| "br0".to_owned());
    let public = request.public_device.clone().unwrap_or_else(|| guest.clone());
    let private = request.private_device.clone().or_else(|| known.device.clone());
    let private = private.unwrap_or_else(|| public.clone());
    let mut arguments = vec![format!("{staging}/setup-agent")];
    let pairs = [
        ("-m", managers),
        ("-z", request.zone.to_string()),
        ("-p", request.pod.to_string()),
        ("-c", request.cluster.to_string()),
        ("-g", guid.to_string()),
    ];
    for (name, value) in pairs {
        arguments.extend([name.to_owned(), value]);
    }
    arguments.extend([
        "-a".to_owned(),
        "-s".to_owned(),
        format!("--pubNic={public}"),
        format!("--prvNic={private}"),
        format!("--guestNic={guest}"),
        "--hypervisor=kvm".to_owned(),
        "--stage".to_owned(),
        staging.to_owned(),
        "--port".to_owned(),
        means.agent_port.to_string(),
    ]);
    Ok(arguments)
}

fn failed(arguments: &[&str], output: &Output, exit_codes: Vec<u32>) -> Failure {
    let program = arguments.first().and_then(|p| p.rsplit('/').next()).unwrap_or_default();
    let stderr = output.stderr.trim();
    // Whoever says why says it last.
    let reason = stderr.lines().last().unwrap_or("it does not say why");
    let begin = stderr.char_indices().rev().nth(STDERR_TAIL).map_or(0, |(at, _)| at);
    let tail = &stderr[begin..];
    let shown = if tail == reason { "" } else { tail };
    let text = match output.code {
        Some(_) if reason.starts_with("sudo:") => format!(
            "this user may not use sudo without a password on the host ({reason}); log in as root, or allow it in /etc/sudoers.d"
        ),
        Some(_) => format!("{program} failed on the host: {reason}"),
        None => format!("{program} was ended by a signal on the host: {reason}"),
    };
    Failure { text, exit_codes, stderr: shown.to_owned() }
}

fn retry_connect(error: &SshError) -> bool {
    matches!(error, SshError::Connect { .. })
}

/// A file that goes to the host.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) mode: &'static str,
    pub(super) size: u64,
}

/// The scripts, those of sub-folders beside the others.
///
/// # Errors
/// [`SshError::Local`] if they cannot be read.
pub(super) fn scripts_in(folder: &Path) -> Result<Vec<Upload>, SshError> {
    let local = |path: &Path, e: std::io::Error| SshError::Local {
        path: path.to_owned(),
        why: e.to_string(),
    };
    let mut uploads = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| local(&folder, e))?;
        for entry in entries {
            let path = entry.map_err(|e| local(&folder, e))?.path();
            let facts = std::fs::metadata(&path).map_err(|e| local(&path, e))?;
            if facts.is_dir() {
                folders.push(path);
                continue;
            }
            let Some(name) = path.file_name().and_then(|n| n.to_str()).map(str::to_owned) else {
                continue;
            };
            let mode = if facts.permissions().mode() & 0o111 == 0 { "0644" } else { "0755" };
            uploads.push(Upload { name, path, mode, size: facts.len() });
        }
    }
    Ok(uploads)
}
