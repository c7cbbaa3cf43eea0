//! The named stages of preparing a machine, each with its time, and the error that names the one that failed.

use std::time::Instant;

/// A stage that was gone through.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Stage {
    /// Its name: `resolve`, `duplicate-check`, `ssh-connect`, ...
    pub name: &'static str,
    /// How long it took.
    pub millis: u64,
    /// What came out, for a person. Never a secret.
    pub detail: String,
}

/// Why a stage failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// One line: what is wrong, and what to do.
    pub text: String,
    /// Exit codes of the remote command, one a try.
    pub exit_codes: Vec<u32>,
    /// The end of what the remote command printed on stderr.
    pub stderr: String,
}

impl Failure {
    /// A failure that no remote command has reported.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(hostler_model::error_chain(&error))
    }
}

/// A machine that was not prepared as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddHostError {
    /// The host, as it was asked for.
    pub host: String,
    /// The stage that failed.
    pub stage: &'static str,
    /// Why.
    pub failure: Failure,
    /// The stages before it, and it.
    pub stages: Vec<Stage>,
}

impl AddHostError {
    /// The task that did the work has panicked.
    pub(super) fn bug(host: String, error: &tokio::task::JoinError) -> Self {
        let failure = Failure::new(format!("a bug in the manager: {error}"));
        Self { host, stage: "resolve", failure, stages: Vec::new() }
    }
}

impl std::error::Error for AddHostError {}

impl std::fmt::Display for AddHostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Failure { text, exit_codes, stderr } = &self.failure;
        write!(f, "cannot prepare {}: stage {} failed: {text}", self.host, self.stage)?;
        if !exit_codes.is_empty() {
            let codes: Vec<String> = exit_codes.iter().map(u32::to_string).collect();
            write!(f, "; exit code {}", codes.join(", then "))?;
        }
        if !stderr.is_empty() {
            write!(f, "; the end of its error output: {stderr}")?;
        }
        Ok(())
    }
}

/// Stages as they are gone through.
#[derive(Debug)]
pub struct Stages {
    host: String,
    done: Vec<Stage>,
}

impl Stages {
    /// For `host`, as it was asked for.
    pub fn new(host: impl Into<String>) -> Self {
        Self { host: host.into(), done: Vec::new() }
    }

    /// Goes through a stage: `work` says what came out, with a line for people.
    ///
    /// # Errors
    /// [`AddHostError`] names the stage.
    pub async fn run<T>(
        &mut self,
        name: &'static str,
        work: impl Future<Output = Result<(T, String), Failure>>,
    ) -> Result<T, AddHostError> {
        let begun = Instant::now();
        let result = work.await;
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (result, detail) = match result {
            Ok((value, detail)) => (Ok(value), detail),
            Err(failure) => {
                let detail = failure.text.clone();
                (Err(failure), detail)
            }
        };
        tracing::info!(
            host = self.host,
            stage = name,
            millis,
            detail,
            ok = result.is_ok(),
            "preparing a machine"
        );
        self.done.push(Stage { name, millis, detail });
        result.map_err(|failure| AddHostError {
            host: self.host.clone(),
            stage: name,
            failure,
            stages: self.done.clone(),
        })
    }

    /// All of them.
    pub fn done(self) -> Vec<Stage> {
        self.done
    }
}
