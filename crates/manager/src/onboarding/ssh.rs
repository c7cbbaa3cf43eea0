//! SSH to a host: connecting with a pinned key, logging in, running commands. The only file that knows russh, and so new keys are made here too.
//!
//! Not here: which commands (`kvm`). Passwords and keys never leave this file in any text.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hostler_wire::Secret;
use russh::client::{self, AuthResult, KeyboardInteractiveAuthResponse};
use russh::keys::{
    Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate,
    decode_secret_key, ssh_key,
};
use russh::{ChannelMsg, ChannelReadHalf, Disconnect, MethodKind};
use tokio::time::timeout;

use super::known_hosts::{KnownHosts, KnownHostsError};
use super::quote::command_line;

/// What is kept of a command's output, each of both.
const KEPT: usize = 1 << 20;
/// After a command's exit: how long a process that it left behind may hold its output open.
const LEFT_OPEN: Duration = Duration::from_secs(2);

/// A key that nobody has had before.
#[derive(Debug)]
pub struct NewSshKey {
    /// Its private half, in OpenSSH's form.
    pub private: Secret,
    /// Its public half, one line in the form of `authorized_keys`.
    pub public: String,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct NewSshKeyError(#[from] ssh_key::Error);

/// Makes an Ed25519 key.
///
/// # Errors
/// [`NewSshKeyError`], if there is no randomness to be had.
pub fn new_ssh_key() -> Result<NewSshKey, NewSshKeyError> {
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519)?;
    let private = Secret::new(key.to_openssh(ssh_key::LineEnding::LF)?.to_string());
    Ok(NewSshKey { private, public: key.public_key().to_openssh()? })
}

/// How to log in.
#[derive(Debug, Clone)]
pub enum SshAuth {
    /// With a password.
    Password(Secret),
    /// With a private key in PEM or OpenSSH's form, without a passphrase.
    Key(Secret),
}

/// Why a host could not be reached, or a command could not be run.
#[derive(Debug, thiserror::Error)]
pub(super) enum SshError {
    /// No connection.
    #[error("cannot connect to {address}: {why}; does sshd run there, and is the port open?")]
    Connect {
        /// Where to.
        address: SocketAddr,
        /// Why not.
        why: String,
    },
    /// The host has another key than before.
    #[error(
        "the SSH key of {endpoint} has changed from {pinned} to {seen}: another machine, or a reinstalled one; if that \
         is right, remove the line of {endpoint} from {file}"
    )]
    HostKey {
        /// Address and port.
        endpoint: String,
        /// The key of the first time.
        pinned: String,
        /// The key of this time.
        seen: String,
        /// Where keys are kept.
        file: PathBuf,
    },
    /// The list of keys.
    #[error(transparent)]
    KnownHosts(#[from] KnownHostsError),
    /// The key given by the user is no key.
    #[error(
        "the private key cannot be used: {0}; give an Ed25519 or ECDSA key without a passphrase"
    )]
    Key(String),
    /// The host does not let this user in.
    #[error("{user} is not let in with this {what}; the host offers: {offers}")]
    Denied {
        /// Who.
        user: String,
        /// `password` or `key`.
        what: &'static str,
        /// Ways to log in that the host names.
        offers: String,
    },
    /// The connection broke.
    #[error("the SSH connection broke: {0}")]
    Broken(String),
    /// A command did not end.
    #[error("the host was not done after {0:?}")]
    Slow(Duration),
    /// What was to be sent cannot be read here.
    #[error("cannot read {path} on the manager: {why}")]
    Local {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

impl From<russh::Error> for SshError {
    fn from(error: russh::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// What a command left.
#[derive(Debug, Clone, Default)]
pub(super) struct Output {
    /// Its exit code; nothing if a signal ended it.
    pub(super) code: Option<u32>,
    /// What it printed, its beginning if that is very long.
    pub(super) stdout: String,
    /// What it printed on stderr, its beginning if that is very long.
    pub(super) stderr: String,
}

/// What a command reads.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// Nothing.
    Nothing,
    /// A text.
    Text(String),
    /// A file of the manager.
    File(PathBuf),
}

/// A connection whose host key is known and nobody is logged in yet.
pub(super) struct Greeted {
    handle: client::Handle<Pinned>,
    /// The host's key.
    pub(super) fingerprint: String,
    /// Whether it is the first time that it is seen.
    pub(super) first_use: bool,
}

/// A connection with somebody logged in. It says goodbye when it is closed, not when it is dropped.
pub(super) struct Ssh {
    handle: client::Handle<Pinned>,
    sudo: bool,
}

impl std::fmt::Debug for Ssh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ssh")
    }
}

struct Pinned {
    pinned: Option<String>,
    seen: Arc<Mutex<Option<String>>>,
}

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let seen = match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.fingerprint(HashAlg::Sha256),
            PublicKeyOrCertificate::Certificate(certificate) => {
                certificate.public_key().fingerprint(HashAlg::Sha256)
            }
        }
        .to_string();
        let right = self.pinned.as_ref().is_none_or(|pinned| *pinned == seen);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(right)
    }
}

/// Connects and compares the host's key with the one that is pinned.
///
/// # Errors
/// [`SshError::Connect`], [`SshError::HostKey`].
pub(super) async fn greet(
    address: SocketAddr,
    known: &KnownHosts,
    wait: Duration,
) -> Result<Greeted, SshError> {
    let endpoint = address.to_string();
    let pinned = known.pinned(&endpoint)?;
    let seen = Arc::new(Mutex::new(None));
    let handler = Pinned { pinned: pinned.clone(), seen: Arc::clone(&seen) };
    let config = client::Config {
        keepalive_interval: Some(Duration::from_secs(15)),
        keepalive_max: 4,
        nodelay: true,
        ..client::Config::default()
    };
    let connected = timeout(wait, client::connect(Arc::new(config), address, handler)).await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match (connected, pinned, seen) {
        (_, Some(pinned), Some(seen)) if pinned != seen => {
            Err(SshError::HostKey { endpoint, pinned, seen, file: known.path().to_owned() })
        }
        (Ok(Ok(handle)), pinned, seen) => Ok(Greeted {
            handle,
            fingerprint: seen.unwrap_or_default(),
            first_use: pinned.is_none(),
        }),
        (Ok(Err(e)), ..) => Err(SshError::Connect { address, why: e.to_string() }),
        (Err(_), ..) => {
            Err(SshError::Connect { address, why: format!("no answer within {wait:?}") })
        }
    }
}

impl Greeted {
    /// Logs in.
    ///
    /// # Errors
    /// [`SshError::Denied`] names what the host offers; [`SshError::Key`].
    pub(super) async fn log_in(
        mut self,
        user: &str,
        auth: &SshAuth,
        wait: Duration,
    ) -> Result<Ssh, SshError> {
        let result = match auth {
            SshAuth::Password(password) => {
                timeout(wait, self.log_in_by_password(user, password)).await
            }
            SshAuth::Key(key) => timeout(wait, self.log_in_by_key(user, key)).await,
        };
        result.map_err(|_| SshError::Slow(wait))??;
        Ok(Ssh { handle: self.handle, sudo: user != "root" })
    }

    async fn log_in_by_password(&mut self, user: &str, password: &Secret) -> Result<(), SshError> {
        let result = self.handle.authenticate_password(user, password.reveal()).await?;
        let AuthResult::Failure { remaining_methods, .. } = &result else { return Ok(()) };
        if !remaining_methods.contains(&MethodKind::KeyboardInteractive) {
            return Err(denied(user, "password", &result));
        }
        let mut said =
            self.handle.authenticate_keyboard_interactive_start(user, None::<String>).await?;
        // Each question is answered with the password; a host that goes on asking has refused it.
        for _ in 0..4 {
            match said {
                KeyboardInteractiveAuthResponse::Success => return Ok(()),
                KeyboardInteractiveAuthResponse::Failure { .. } => break,
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                    let answers = prompts.iter().map(|_| password.reveal().to_owned()).collect();
                    said = self.handle.authenticate_keyboard_interactive_respond(answers).await?;
                }
            }
        }
        Err(denied(user, "password", &result))
    }

    async fn log_in_by_key(&mut self, user: &str, key: &Secret) -> Result<(), SshError> {
        let key =
            decode_secret_key(key.reveal(), None).map_err(|e| SshError::Key(e.to_string()))?;
        let hash = self.handle.best_supported_rsa_hash().await?.flatten();
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        let result = self.handle.authenticate_publickey(user, key).await?;
        if result.success() { Ok(()) } else { Err(denied(user, "key", &result)) }
    }
}

fn denied(user: &str, what: &'static str, result: &AuthResult) -> SshError {
    let offers = match result {
        AuthResult::Success => String::new(),
        AuthResult::Failure { remaining_methods, .. } => {
            let names: Vec<String> = remaining_methods.iter().map(String::from).collect();
            names.join(", ")
        }
    };
    SshError::Denied { user: user.to_owned(), what, offers }
}

impl Ssh {
    /// The command line as it will be run: with `sudo -n` where the user is not root.
    pub(super) fn line(&self, arguments: &[&str]) -> String {
        let sudo: &[&str] = if self.sudo { &["sudo", "-n", "--"] } else { &[] };
        command_line(sudo.iter().chain(arguments))
    }

    /// Runs a program with its arguments and waits for its end, at most `wait`.
    ///
    /// # Errors
    /// [`SshError`]; an exit code other than 0 is none.
    pub(super) async fn run(
        &self,
        arguments: &[&str],
        input: Input,
        wait: Duration,
    ) -> Result<Output, SshError> {
        let line = self.line(arguments);
        timeout(wait, self.exec(line, input)).await.map_err(|_| SshError::Slow(wait))?
    }

    async fn exec(&self, line: String, input: Input) -> Result<Output, SshError> {
        let channel = self.handle.channel_open_session().await?;
        let (heard, say) = channel.split();
        say.exec(true, line).await?;
        let feed = async {
            match input {
                Input::Nothing => {}
                Input::Text(text) => say.data_bytes(text.into_bytes()).await?,
                Input::File(path) => {
                    let local = |e: std::io::Error| SshError::Local {
                        path: path.clone(),
                        why: e.to_string(),
                    };
                    let file = tokio::fs::File::open(&path).await.map_err(local)?;
                    say.data(file).await?;
                }
            }
            say.eof().await?;
            Ok::<(), SshError>(())
        };
        let listen = listen(heard);
        tokio::pin!(feed, listen);
        let mut fed = false;
        loop {
            tokio::select! {
                output = &mut listen => return output,
                result = &mut feed, if !fed => {
                    fed = true;
                    // A program that ends without reading all says more by its exit code.
                    if let Err(e @ SshError::Local { .. }) = result {
                        return Err(e);
                    }
                }
            }
        }
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        // The other side may be gone already.
        let _ = self.handle.disconnect(Disconnect::ByApplication, "", "en").await;
    }
}

/// Everything that a command says, until it has ended.
async fn listen(mut heard: ChannelReadHalf) -> Result<Output, SshError> {
    let mut code = None;
    let mut ended = false;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        let message = if ended {
            let Ok(message) = timeout(LEFT_OPEN, heard.wait()).await else { break };
            message
        } else {
            heard.wait().await
        };
        match message {
            Some(ChannelMsg::Data { data }) => keep(&mut stdout, &data),
            Some(ChannelMsg::ExtendedData { data, .. }) => keep(&mut stderr, &data),
            Some(ChannelMsg::ExitStatus { exit_status }) => {
                code = Some(exit_status);
                ended = true;
            }
            Some(ChannelMsg::ExitSignal { .. }) => ended = true,
            Some(ChannelMsg::Failure) => {
                return Err(SshError::Broken("the host runs no commands".to_owned()));
            }
            Some(ChannelMsg::Close) | None if ended => break,
            Some(ChannelMsg::Close) | None => {
                return Err(SshError::Broken("the host hung up".to_owned()));
            }
            Some(_) => {}
        }
    }
    Ok(Output {
        code,
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

fn keep(kept: &mut Vec<u8>, data: &[u8]) {
    let room = KEPT.saturating_sub(kept.len()).min(data.len());
    kept.extend_from_slice(&data[..room]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_halves_of_a_new_key_belong_together_and_none_is_made_twice() {
        let made = new_ssh_key().unwrap();
        let read = decode_secret_key(made.private.reveal(), None).unwrap();
        assert_eq!(read.public_key().to_openssh().unwrap(), made.public);
        assert_ne!(new_ssh_key().unwrap().public, made.public);
    }
}
