//! The objects of answers: each field once, with its type, its description and where it comes from.
//!
//! `listApis` and the answers are made from the same list, so that they cannot disagree.

use hostler_model::{JobId, JobState, Timestamp};
use hostler_query_api::dates;

pub(crate) mod account;
pub(crate) mod aggregate;
pub(crate) mod alert;
pub(crate) mod api;
pub(crate) mod audit;
pub(crate) mod capacity;
pub(crate) mod dedication;
pub(crate) mod event;
pub(crate) mod extract;
pub(crate) mod facility;
pub(crate) mod firewall;
pub(crate) mod group;
pub(crate) mod host;
pub(crate) mod job;
pub(crate) mod ldap;
pub(crate) mod limit;
pub(crate) mod network;
pub(crate) mod offering;
pub(crate) mod physical;
pub(crate) mod place;
pub(crate) mod plan;
pub(crate) mod project;
pub(crate) mod role;
pub(crate) mod session;
pub(crate) mod setting;
pub(crate) mod snapshot;
pub(crate) mod storage;
pub(crate) mod sync;
pub(crate) mod tag;
pub(crate) mod template;
pub(crate) mod userdata;
pub(crate) mod vm;
pub(crate) mod vm_snapshot;

/// Declares a shape, and the function that renders an object of it.
///
/// ```text
/// api_object! {
///     /// A zone.
///     ZONE = "zone", zone(row: &ZoneRow) {
///         "id" string "its id" => row.id,
///         "tags" set(TAG) "its tags" => no_items(),
///     }
/// }
/// ```
///
/// `and (FIELDS)` before the brace declares fields that other shapes have too; they are rendered elsewhere.
macro_rules! api_object {
    (
        $(#[doc = $doc:literal])+
        $shape:ident = $name:literal, $render:ident($($argument:ident: $type:ty),* $(,)?)
        $(and ($($shared:expr),+))? {
            $($field:literal $kind:ident $(($nested:expr))? $description:literal => $value:expr,)*
        }
    ) => {
        $(#[doc = $doc])+
        pub(crate) static $shape: hostler_query_api::ShapeDecl = {
            static FIELDS: &[hostler_query_api::FieldDecl] = &[
                $($crate::api::objects::field_decl!($field, $kind, $description $(, $nested)?)),*
            ];
            hostler_query_api::ShapeDecl::new($name, FIELDS) $(.and(&[$($shared),+]))?
        };

        $(#[doc = $doc])+
        pub(crate) fn $render($($argument: $type),*) -> serde_json::Value {
            let mut fields = serde_json::Map::new();
            $(fields.insert($field.to_owned(), serde_json::json!($value));)*
            serde_json::Value::Object(fields)
        }
    };
}
pub(crate) use api_object;

/// Declares a shape of which this manager answers no objects, or makes them elsewhere.
macro_rules! api_shape {
    (
        $(#[doc = $doc:literal])+
        $shape:ident = $name:literal {
            $($field:literal $kind:ident $(($nested:expr))? $description:literal,)*
        }
    ) => {
        $(#[doc = $doc])+
        pub(crate) static $shape: hostler_query_api::ShapeDecl = {
            static FIELDS: &[hostler_query_api::FieldDecl] = &[
                $($crate::api::objects::field_decl!($field, $kind, $description $(, $nested)?)),*
            ];
            hostler_query_api::ShapeDecl::new($name, FIELDS)
        };
    };
}
pub(crate) use api_shape;

macro_rules! field_decl {
    ($field:literal, $kind:ident, $description:literal) => {
        hostler_query_api::FieldDecl::new($field, stringify!($kind), $description)
    };
    ($field:literal, $kind:ident, $description:literal, $nested:expr) => {
        hostler_query_api::FieldDecl::nested($field, stringify!($kind), $description, &$nested)
    };
}
pub(crate) use field_decl;

/// A time as answers carry it.
pub(crate) fn date(time: Timestamp) -> String {
    dates::format(dates::Timestamp::from_millisecond(time.0).unwrap_or_default())
}

/// A list that has nothing in it yet.
pub(crate) const fn no_items() -> [(); 0] {
    []
}

/// `jobid` of something that a job works on.
pub(crate) fn job_id(job: Option<(JobId, JobState)>) -> Option<JobId> {
    job.map(|(id, _)| id)
}

/// `jobstatus` of something that a job works on.
pub(crate) fn job_status(job: Option<(JobId, JobState)>) -> Option<u8> {
    job.map(|(_, state)| state.api_status())
}
