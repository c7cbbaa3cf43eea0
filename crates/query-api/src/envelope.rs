//! Answers on the wire: one envelope key, and in it a list, an object, a success, a job or an error.
//!
//! Not here: what is in the objects (the command knows), nor HTTP headers other than the content type.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::dates::{self, Timestamp};
use crate::declare::{CommandDecl, regular_envelope};
use crate::error::{ApiError, Status};
use crate::params::Params;
use crate::xml;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `response=json`.
    Json,
    /// Anything else.
    Xml,
}

impl Format {
    /// The form that a request asks for.
    pub fn of(params: &Params) -> Self {
        match params.get_filled("response") {
            Some(text) if text.eq_ignore_ascii_case("json") => Self::Json,
            _ => Self::Xml,
        }
    }

    /// The header `Content-Type` of an answer.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=UTF-8",
            Self::Xml => "text/xml; charset=UTF-8",
        }
    }
}

/// One answer, ready to be written in either form.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The one key at the top.
    pub envelope: String,
    /// What stands under it.
    pub body: Value,
}

impl Answer {
    fn ok(command: &CommandDecl, body: Value) -> Self {
        Self { status: 200, envelope: command.envelope_key(), body: without_nulls(body) }
    }

    /// A list: `total` of all matches and the rows of the wanted page. `{}` when nothing matches.
    pub fn list(command: &CommandDecl, total: usize, rows: Vec<Value>) -> Self {
        let mut body = Map::new();
        if total > 0 {
            body.insert("count".into(), total.into());
        }
        if !rows.is_empty() {
            body.insert(command.object.unwrap_or("item").into(), rows.into());
        }
        Self::ok(command, body.into())
    }

    /// One object under the command's key; flat when it has none.
    pub fn object(command: &CommandDecl, object: Value) -> Self {
        match command.object {
            Some(key) => Self::ok(command, json!({ key: object })),
            None => Self::ok(command, object),
        }
    }

    /// `{"success": true}`, with something to say or not.
    pub fn success(command: &CommandDecl, display_text: Option<&str>) -> Self {
        Self::ok(command, json!({"success": true, "displaytext": display_text}))
    }

    /// The fields straight in the envelope, as `login` has them.
    pub fn flat(command: &CommandDecl, fields: Value) -> Self {
        Self::ok(command, fields)
    }

    /// The first answer of an asynchronous command; `created` is the id of what it makes.
    pub fn job(command: &CommandDecl, created: Option<Uuid>, job: Uuid) -> Self {
        Self::ok(command, json!({"id": created, "jobid": job}))
    }

    /// An error. The envelope is `errorresponse` without a known command, and for 432.
    pub fn error(command: Option<&CommandDecl>, error: &ApiError) -> Self {
        let envelope = match command {
            Some(command) if error.status != Status::UnsupportedAction => command.envelope_key(),
            _ => regular_envelope("error"),
        };
        let ids: Vec<_> = error
            .ids
            .iter()
            .map(|(id, description)| json!({"uuid": id, "description": description}))
            .collect();
        let body = json!({
            "uuidList": ids,
            "errorcode": error.status.code(),
            "cserrorcode": error.class.map(super::error::ErrorClass::code),
            "errortext": error.text,
        });
        Self { status: error.status.code(), envelope, body: without_nulls(body) }
    }

    /// The text of the answer, on one line.
    pub fn render(&self, format: Format) -> String {
        match format {
            // written from where it stands: an answer can be large
            Format::Json => {
                let text = serde_json::to_string(&BTreeMap::from([(&self.envelope, &self.body)]));
                text.unwrap_or_default()
            }
            Format::Xml => xml::document(&self.envelope, &self.body),
        }
    }
}

/// State of a job, by its number in `jobstatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// 0: waits or runs.
    Pending,
    /// 1: done.
    Succeeded,
    /// 2: failed, and undone as far as that goes.
    Failed,
    /// 3: cancelled.
    Cancelled,
}

impl JobStatus {
    /// The number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The status of a number on the wire.
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::Pending),
            1 => Some(Self::Succeeded),
            2 => Some(Self::Failed),
            3 => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// One job as `queryAsyncJobResult` and `listAsyncJobs` show it.
#[derive(Debug, Clone)]
pub struct JobAnswer {
    /// Its id.
    pub job: Uuid,
    /// What it is about to do, such as `deployVirtualMachine`.
    pub command: String,
    /// How it stands.
    pub status: JobStatus,
    /// Its account: id, name.
    pub account: (Uuid, String),
    /// The account's domain: id, path.
    pub domain: (Uuid, String),
    /// Who asked for it.
    pub user: Option<Uuid>,
    /// What it works on: type (`VirtualMachine`) and id.
    pub instance: Option<(String, Uuid)>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it ended.
    pub completed: Option<Timestamp>,
    /// What it made, under its object key; or `{"success":true}`. Read when it succeeded.
    pub result: Value,
    /// Why it failed. Read when it failed or was cancelled.
    pub error: Option<ApiError>,
}

impl JobAnswer {
    /// The object. A finished job always has `jobresultcode` and `jobresult`.
    pub fn into_value(self) -> Value {
        let mut body = json!({
            "accountid": self.account.0,
            "account": self.account.1,
            "domainid": self.domain.0,
            "domainpath": self.domain.1,
            "userid": self.user,
            "cmd": self.command,
            "jobid": self.job,
            "jobstatus": self.status.number(),
            "jobprocstatus": 0,
            "jobresultcode": 0,
            "jobinstancetype": self.instance.as_ref().map(|(kind, _)| kind),
            "jobinstanceid": self.instance.as_ref().map(|(_, id)| id),
            "created": dates::format(self.created),
            "completed": self.completed.map(dates::format),
        });
        match self.status {
            JobStatus::Pending => {}
            JobStatus::Succeeded => {
                body["jobresulttype"] = "object".into();
                body["jobresult"] = self.result;
            }
            JobStatus::Failed | JobStatus::Cancelled => {
                let error =
                    self.error.unwrap_or_else(|| ApiError::internal("the job was cancelled"));
                body["jobresulttype"] = "object".into();
                body["jobresultcode"] = error.status.code().into();
                body["jobresult"] =
                    json!({"errorcode": error.status.code(), "errortext": error.text});
            }
        }
        without_nulls(body)
    }
}

/// The value without fields that are null, at every depth.
pub fn without_nulls(mut value: Value) -> Value {
    drop_nulls(&mut value);
    value
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
