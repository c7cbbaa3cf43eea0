//! `hostler job`.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use hostler_client::Request;
use hostler_client::resources::JobStep;

use crate::context::Context;
use crate::output::{Column, Format, Unit, column};
use crate::progress::Spinner;

#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// List jobs
    List {
        /// Also those of other accounts, as far as you may see them
        #[arg(long)]
        all: bool,
    },
    /// Show a job
    Show {
        /// Its id
        job: String,
    },
    /// Follow a job step by step to its end
    Watch {
        /// Its id
        job: String,
    },
    /// Have a job go on that waits for help
    Resume {
        /// Its id
        job: String,
    },
}

const COLUMNS: &[Column] = &[
    column("JOB", "jobid"),
    column("COMMAND", "cmd"),
    Column("STATUS", "jobstatus", Unit::JobStatus),
    column("CODE", "jobresultcode"),
    column("ON", "jobinstanceid"),
    column("CREATED", "created"),
    column("COMPLETED", "completed"),
];

const RECORD: &[Column] = &[
    column("JOB", "jobid"),
    column("COMMAND", "cmd"),
    Column("STATUS", "jobstatus", Unit::JobStatus),
    column("CODE", "jobresultcode"),
    column("ERROR", "jobresult.errortext"),
    column("ON", "jobinstancetype"),
    column("ID", "jobinstanceid"),
    column("ACCOUNT", "account"),
    column("CREATED", "created"),
    column("COMPLETED", "completed"),
];

pub(crate) async fn run(context: &Context, command: JobCommand) -> Result<()> {
    match command {
        JobCommand::List { all } => {
            let request = Request::new("listAsyncJobs").with_some("listall", all.then_some(true));
            context.list(&request, COLUMNS).await
        }
        JobCommand::Show { job } => {
            context.output.record(&context.session.job(&job).await?.raw, RECORD)
        }
        JobCommand::Watch { job } => watch(context, &job).await,
        JobCommand::Resume { job } => {
            let request = Request::new("resumeJob").with("jobid", &job);
            context.perform(&request, &format!("job {job} goes on"), RECORD).await
        }
    }
}

/// Prints each step as it changes; the job's failure is this command's.
async fn watch(context: &Context, job: &str) -> Result<()> {
    let spinner = Spinner::start(format!("job {job}"));
    let mut seen = Seen::default();
    let mut looked = |_: &_| ();
    let mut end = std::pin::pin!(context.session.wait_job(job, context.patience, &mut looked));
    let ended = loop {
        seen.look(context, job, &spinner).await?;
        tokio::select! {
            ended = &mut end => break ended,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    };
    seen.look(context, job, &spinner).await?;
    drop(spinner);
    let result = ended?;
    if context.output.format() == Format::Table && !context.output.quiet {
        return context.output.done(&format!("job {job} done"), &result);
    }
    context.output.record(&context.session.job(job).await?.raw, RECORD)
}

/// Steps and the state each was last seen in.
#[derive(Debug, Default)]
struct Seen(HashMap<usize, String>);

impl Seen {
    async fn look(&mut self, context: &Context, job: &str, spinner: &Spinner) -> Result<()> {
        if context.output.format() != Format::Table || context.output.quiet {
            return Ok(()); // programs get the result alone
        }
        let request = Request::new("listJobSteps").with("jobid", job);
        let steps = match context.session.list::<JobStep>(&request).await {
            Ok(steps) => steps,
            // Steps are an extra; the job itself is what is followed.
            Err(error) if error.is_passing() || error.is_unknown_command() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for (index, step) in steps.iter().enumerate() {
            let begun = step.started.is_some() || step.ended.is_some() || step.error.is_some();
            if begun && self.0.get(&index) != Some(&step.state) {
                self.0.insert(index, step.state.clone());
                spinner.aside(|| print(step))?;
            }
        }
        Ok(())
    }
}

fn print(step: &JobStep) -> Result<()> {
    let when = step.ended.as_ref().or(step.started.as_ref()).map_or("-", String::as_str);
    let error = step.error.as_ref().map_or_else(String::new, |error| format!("  {error}"));
    let (state, name) = (&step.state, &step.name);
    Ok(writeln!(std::io::stdout(), "{when:<24}  {state:<12}  {name}{error}")?)
}
