//! What every command works with: the session, and how to wait and print.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use hostler_client::config::{Origin, Overrides, Surroundings};
use hostler_client::layers::Timings;
use hostler_client::login::Login;
use hostler_client::resources::JobStep;
use hostler_client::{Config, Patience, Request, Session};
use serde_json::Value;

use crate::cli::Global;
use crate::output::{Column, Output, column};
use crate::progress::Spinner;

/// How often the spinner looks at which step a job is in.
const STEP_PAUSE: Duration = Duration::from_secs(1);

/// One run of the program.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) session: Session,
    pub(crate) output: Output,
    pub(crate) patience: Patience,
    /// `--wait` was given; it is the default only for jobs.
    pub(crate) wait: bool,
    no_wait: bool,
    timings: Timings,
}

/// The settings, from flags and the surroundings.
pub(crate) fn config(global: &Global) -> Result<Config> {
    let overrides = Overrides {
        endpoint: global.endpoint.clone(),
        profile: global.profile.clone(),
        timeout: global.timeout,
        ca_file: global.ca_file.clone(),
        insecure: global.insecure,
    };
    Ok(Config::resolve(overrides, &Surroundings::of_process())?)
}

impl Context {
    /// A run whose calls may take `usual` unless a setting says otherwise.
    pub(crate) fn new(global: &Global, usual: Option<Duration>) -> Result<Self> {
        let mut config = config(global)?;
        if let (Some(usual), Origin::Default) = (usual, &config.timeout.origin) {
            config.timeout.value = usual;
        }
        let timings = Timings::default();
        let builder = match login(&config) {
            Some(login) => Session::login_builder(&config, login)?,
            None => Session::builder(&config)?,
        };
        Ok(Self {
            session: builder.timings(&timings).retry().trace().build(),
            output: output(global),
            patience: global.timeout.map_or(Patience::Endless, Patience::AtMost),
            wait: global.wait,
            no_wait: global.no_wait,
            timings,
        })
    }

    /// Prints a list of everything `request` finds.
    pub(crate) async fn list(&self, request: &Request, columns: &[Column]) -> Result<()> {
        self.output.rows(&self.session.list_rows(request).await?, columns)
    }

    /// Calls a command that changes something, follows its job if it has one, and prints what came out of it:
    /// the object, or `sentence`.
    pub(crate) async fn perform(
        &self,
        request: &Request,
        sentence: &str,
        columns: &[Column],
    ) -> Result<()> {
        match self.outcome(request).await? {
            Outcome::Started(handle) => {
                self.output.record(&handle, &[column("ID", "id"), column("JOB", "jobid")])
            }
            Outcome::Ended(result) => match object_in(&result) {
                Some(object) => self.output.record(object, columns),
                None => self.output.done(sentence, &result),
            },
        }
    }

    /// Calls a command and follows its job if it has one and waiting is wanted.
    pub(crate) async fn outcome(&self, request: &Request) -> Result<Outcome> {
        let spinner = Spinner::start(request.command.clone());
        let reply = self.session.reply(request).await?;
        if !reply.ignored.is_empty() {
            let ignored = reply.ignored.join(", ");
            spinner.aside(|| {
                let mut err = std::io::stderr();
                writeln!(err, "WARNING: the manager does not know and ignored: {ignored}")
            })?;
        }
        let Some(job) = reply.body.get("jobid").and_then(Value::as_str).map(str::to_owned) else {
            return Ok(Outcome::Ended(reply.body));
        };
        if self.no_wait {
            return Ok(Outcome::Started(reply.body));
        }
        Ok(Outcome::Ended(self.follow(&job, &request.command, &spinner).await?))
    }

    /// Follows a job to its end; the spinner tells the step, where somebody can see it.
    async fn follow(&self, job: &str, command: &str, spinner: &Spinner) -> Result<Value> {
        let mut looked = |_: &_| ();
        let mut end = std::pin::pin!(self.session.wait_job(job, self.patience, &mut looked));
        let steps = Request::new("listJobSteps").with("jobid", job);
        loop {
            tokio::select! {
                ended = &mut end => return Ok(ended?),
                () = tokio::time::sleep(STEP_PAUSE), if spinner.is_seen() => {}
            }
            if let Ok(steps) = self.session.list::<JobStep>(&steps).await {
                let current = steps.iter().rfind(|step| step.started.is_some());
                let name = current.map_or(job, |step| &step.name);
                spinner.say(format!("{command}: {name}"));
            }
        }
    }

    /// Prints how long the calls took, if that was asked for.
    pub(crate) fn print_timings(&self) {
        let mut err = std::io::stderr().lock();
        let timings = self.timings.all();
        let _ = writeln!(err, "{:<32} seconds", "call");
        for timing in &timings {
            let _ = writeln!(err, "{:<32} {:.3}", timing.command, timing.took.as_secs_f64());
        }
        let total: f64 = timings.iter().map(|timing| timing.took.as_secs_f64()).sum();
        let _ = writeln!(err, "{:<32} {total:.3}", "total");
    }
}

/// How a call that changes something ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A job runs and nobody waits for it: its id, and that of what it makes.
    Started(Value),
    /// It is done.
    Ended(Value),
}

/// What the user asked for about printing.
pub(crate) fn output(global: &Global) -> Output {
    Output { format: global.output, columns: global.column.clone(), quiet: global.quiet }
}

/// User name and password from the environment, for those who have no keys.
pub(crate) fn login(config: &Config) -> Option<Login> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if config.api_key.is_some() || config.secret_key.is_some() {
        return None;
    }
    Some(Login {
        username: variable("HOSTLER_USERNAME")?,
        password: variable("HOSTLER_PASSWORD")?,
        domain: variable("HOSTLER_DOMAIN"),
    })
}

/// The object in `{"host":{…}}` or `{"count":1,"host":[{…}]}`.
pub(crate) fn object_in(result: &Value) -> Option<&Value> {
    let fields = result.as_object()?;
    fields.values().find_map(|field| match field {
        Value::Object(_) => Some(field),
        Value::Array(items) => items.first().filter(|item| item.is_object()),
        _ => None,
    })
}
