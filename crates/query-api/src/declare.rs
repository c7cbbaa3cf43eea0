//! Declarations of API commands and their parameters.
//!
//! One [`api_command!`](crate::api_command) makes a struct whose fields are the parameters, the code that reads it
//! from a request, and the entry in `listApis`:
//!
//! ```
//! use hostler_query_api::{ApiCommand, Params, RoleType, Roles, api_command};
//!
//! api_command! {
//!     /// Stops a VM: asks its guest to shut down, or ends it at once.
//!     pub struct StopVirtualMachine = "stopVirtualMachine", asynchronous
//!         .object("virtualmachine");
//!
//!     /// The VM to stop.
//!     id: required uuid<uuid::Uuid> .entity("virtualmachine"),
//!     /// End it at once instead of asking the guest.
//!     forced: optional boolean .roles(Roles::ADMINS),
//! }
//!
//! let request = Params::from_iter([("id", "5b4f40a7-1a2c-4b0c-8d2c-111111111111")]);
//! let command = StopVirtualMachine::parse(&request, RoleType::User).unwrap();
//! assert_eq!(command.forced, None);
//! ```
//!
//! Kinds and the Rust types of their fields (an optional one is in an `Option`):
//! `uuid<T>` `T`, `string` `String`, `choice<T>` `T`, `boolean` `bool`, `integer` `i32`, `long` `i64`, `double` `f64`,
//! `date` `Timestamp`, `end_date` [`EndDate`](crate::EndDate), `list<T>` `Vec<T>`, `map` and `first_map`
//! `BTreeMap<String, String>`, `records` `Vec<BTreeMap<String, String>>`. `T` is anything with `FromStr`.
//! A field that cannot have its wire name writes it after: `kind_of "type": optional string`.
//!
//! Not here: how each kind is read (`kinds`), and what a command does.

use crate::error::ApiError;
use crate::groups;
use crate::kinds::Slot;
use crate::params::Params;
use crate::roles::{RoleType, Roles};
use crate::shape::ShapeDecl;

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandKind {
    /// At once.
    Sync,
    /// With the id of a job.
    Async,
    /// With the id of what it will make, and of a job.
    AsyncCreate,
}

/// The type of a parameter as `listApis` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it all
pub enum ParamType {
    Uuid,
    String,
    Boolean,
    Integer,
    Long,
    Double,
    Date,
    List,
    Map,
}

impl ParamType {
    /// The name in `listApis`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Double => "double",
            Self::Date => "date",
            Self::List => "list",
            Self::Map => "map",
        }
    }
}

/// One parameter of a command.
#[derive(Debug, Clone, Copy)]
pub struct ParamDecl {
    /// Its name on the wire, lower case.
    pub name: &'static str,
    /// Its type.
    pub kind: ParamType,
    /// Whether the command cannot do without it.
    pub required: bool,
    /// What it means, in our words.
    pub description: &'static str,
    /// Most characters of its value, or of one item of a list.
    pub max_length: usize,
    /// The object key of what it refers to (`virtualmachine`), or none.
    pub entity: Option<&'static str>,
    /// Who may pass it.
    pub roles: Roles,
    /// The version that first had it, or none.
    pub since: Option<&'static str>,
}

impl ParamDecl {
    /// A parameter anybody may pass, of at most 255 characters.
    pub const fn new(
        name: &'static str,
        kind: ParamType,
        required: bool,
        description: &'static str,
    ) -> Self {
        let (roles, entity, since) = (Roles::ALL, None, None);
        Self { name, kind, required, description, max_length: 255, entity, roles, since }
    }

    /// Sets the most characters.
    #[must_use]
    pub const fn max(self, max_length: usize) -> Self {
        Self { max_length, ..self }
    }

    /// Sets what it refers to, by object key.
    #[must_use]
    pub const fn entity(self, object_key: &'static str) -> Self {
        Self { entity: Some(object_key), ..self }
    }

    /// Sets who may pass it.
    #[must_use]
    pub const fn roles(self, roles: Roles) -> Self {
        Self { roles, ..self }
    }

    /// Sets the version that first had it.
    #[must_use]
    pub const fn since(self, version: &'static str) -> Self {
        Self { since: Some(version), ..self }
    }
}

/// One API command.
#[derive(Debug, Clone, Copy)]
pub struct CommandDecl {
    /// The value of `command`.
    pub name: &'static str,
    /// How it answers.
    pub kind: CommandKind,
    /// What it does, in our words.
    pub description: &'static str,
    /// Its own parameters.
    pub params: &'static [ParamDecl],
    /// Groups of parameters that it has in common with others, and that its handler reads by itself.
    pub also: &'static [&'static [ParamDecl]],
    /// Who may call it.
    pub roles: Roles,
    /// The key of the answer where it is not lower(name) + `response`.
    pub irregular_envelope: Option<&'static str>,
    /// The key of the object or list in the answer; none when the answer is flat or a plain success.
    pub object: Option<&'static str>,
    /// The shape of what stands under that key (or of the flat answer).
    pub shape: &'static ShapeDecl,
    /// Whether it takes `page`, `pagesize` and `keyword`.
    pub paged: bool,
    /// Whether it takes `account`, `domainid`, `isrecursive` and `listall`: whose things are meant.
    pub owned: bool,
    /// Whether it takes `projectid`: a project in place of the caller's account.
    pub in_projects: bool,
    /// Whether it can be called without being logged in.
    pub open: bool,
}

impl CommandDecl {
    /// A command for everybody that answers plain success.
    pub const fn new(
        name: &'static str,
        kind: CommandKind,
        description: &'static str,
        params: &'static [ParamDecl],
    ) -> Self {
        Self {
            name,
            kind,
            description,
            params,
            also: &[],
            roles: Roles::ALL,
            irregular_envelope: None,
            object: None,
            shape: &ShapeDecl::SUCCESS,
            paged: false,
            owned: false,
            in_projects: false,
            open: false,
        }
    }

    /// Sets who may call it.
    #[must_use]
    pub const fn roles(self, roles: Roles) -> Self {
        Self { roles, ..self }
    }

    /// Sets an irregular envelope key.
    #[must_use]
    pub const fn envelope(self, key: &'static str) -> Self {
        Self { irregular_envelope: Some(key), ..self }
    }

    /// Sets the key of the object or list in the answer.
    #[must_use]
    pub const fn object(self, key: &'static str) -> Self {
        Self { object: Some(key), ..self }
    }

    /// Sets the shape of what it answers.
    #[must_use]
    pub const fn shape(self, shape: &'static ShapeDecl) -> Self {
        Self { shape, ..self }
    }

    /// Makes it take groups of parameters that its handler reads by itself.
    #[must_use]
    pub const fn also(self, also: &'static [&'static [ParamDecl]]) -> Self {
        Self { also, ..self }
    }

    /// Makes it take `page`, `pagesize` and `keyword`.
    #[must_use]
    pub const fn paged(self) -> Self {
        Self { paged: true, ..self }
    }

    /// Makes it take `account`, `domainid`, `isrecursive` and `listall`.
    #[must_use]
    pub const fn owned(self) -> Self {
        Self { owned: true, ..self }
    }

    /// Makes it take `projectid`.
    #[must_use]
    pub const fn in_projects(self) -> Self {
        Self { in_projects: true, ..self }
    }

    /// Makes it callable without a log-in.
    #[must_use]
    pub const fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// The key of the answer.
    pub fn envelope_key(&self) -> String {
        self.irregular_envelope.map_or_else(|| regular_envelope(self.name), str::to_owned)
    }

    /// Whether the first answer carries a job.
    pub const fn is_async(&self) -> bool {
        !matches!(self.kind, CommandKind::Sync)
    }

    /// Its own parameters and those of the groups that it takes.
    pub fn all_params(&self) -> impl Iterator<Item = &'static ParamDecl> {
        self.params
            .iter()
            .chain(self.shared_params())
            .chain(groups::if_taken(self.paged, groups::PAGING))
            .chain(groups::if_taken(self.in_projects, groups::PROJECT))
    }

    /// Those that its handler reads by itself.
    fn shared_params(&self) -> impl Iterator<Item = &'static ParamDecl> {
        let owners = groups::if_taken(self.owned, groups::OWNERS);
        self.also.iter().copied().flatten().chain(owners)
    }

    /// Parameters of a request that this command does not know; they are ignored, and named to the caller.
    pub fn unknown_params<'a>(&'a self, params: &'a Params) -> impl Iterator<Item = &'a str> {
        params.unknown(|name| {
            TOLERATED.contains(&name) || self.all_params().any(|param| param.name == name)
        })
    }

    /// What is checked before any field is read: characters, map syntax, roles of parameters, groups of them.
    ///
    /// # Errors
    /// 430, 431 and 531.
    pub fn check(&self, params: &Params, role: RoleType) -> Result<(), ApiError> {
        params.check()?;
        if self.paged {
            crate::Paging::read(params)?;
        }
        if self.in_projects
            && let Some(id) = params.get_filled("projectid")
            && id != "-1"
            && uuid::Uuid::try_parse(id).is_err()
        {
            return Err(ApiError::invalid_id(self.name, "projectid", id));
        }
        let denied = |param: &&ParamDecl| !param.roles.contains(role) && params.has(param.name);
        if let Some(param) = self.params.iter().find(denied) {
            return Err(ApiError::parameter_denied(self.name, param.name));
        }
        // before any value is read, so that what is missing is said first
        let is_missing = |param: &&ParamDecl| param.required && !params.has_value(param.name);
        if let Some(param) = self.params.iter().find(is_missing) {
            return Err(ApiError::missing(self.name, param.name));
        }
        self.shared_params().try_for_each(|param| Slot { params, command: self, param }.check())
    }
}

/// Parameters that every command takes without declaring them.
pub const TOLERATED: &[&str] = &[
    "_",
    "apikey",
    "command",
    "ctxaccountid",
    "ctxstarteventid",
    "ctxuserid",
    "expires",
    "httpmethod",
    "page",
    "pagesize",
    "projectid",
    "response",
    "sessionkey",
    "signature",
    "signatureversion",
];

/// lower(name) + `response`.
pub fn regular_envelope(command: &str) -> String {
    format!("{}response", command.to_lowercase())
}

/// What [`api_command!`](crate::api_command) implements.
pub trait ApiCommand: Sized {
    /// What the command is.
    fn declaration() -> &'static CommandDecl;

    /// Reads the command from a request of a caller with `role`.
    ///
    /// # Errors
    /// 430, 431 and 531, with the texts that clients know.
    fn parse(params: &Params, role: RoleType) -> Result<Self, ApiError>;
}

/// Declares an API command; see [the module](crate::declare).
#[macro_export]
macro_rules! api_command {
    (
        $(#[doc = $doc:literal])+
        $visibility:vis struct $command:ident = $name:literal, $kind:ident
            $(. $option:ident ( $($argument:expr),* ))* ;
        $(
            $(#[doc = $param_doc:literal])+
            $field:ident $($wire:literal)? : $presence:ident $param_kind:ident $(< $inner:ty >)?
                $(. $param_option:ident ( $($param_argument:expr),* ))*
        ),* $(,)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        $visibility struct $command {
            $(
                $(#[doc = $param_doc])+
                pub $field: $crate::api_command!(@type $presence $param_kind $($inner)?),
            )*
        }

        impl $crate::ApiCommand for $command {
            fn declaration() -> &'static $crate::CommandDecl {
                const PARAMS: &[$crate::ParamDecl] = &[$(
                    $crate::ParamDecl::new(
                        $crate::api_command!(@wire $field $($wire)?),
                        $crate::api_command!(@kind $param_kind),
                        $crate::api_command!(@required $presence),
                        concat!($($param_doc),+).trim_ascii(),
                    )
                    $(. $param_option ( $($param_argument),* ))*,
                )*];
                static DECLARATION: $crate::CommandDecl = $crate::CommandDecl::new(
                    $name,
                    $crate::api_command!(@command_kind $kind),
                    concat!($($doc),+).trim_ascii(),
                    PARAMS,
                )
                $(. $option ( $($argument),* ))*;
                &DECLARATION
            }

            fn parse(
                params: &$crate::Params,
                role: $crate::RoleType,
            ) -> Result<Self, $crate::ApiError> {
                let command = Self::declaration();
                command.check(params, role)?;
                let mut declared = command.params.iter();
                $(
                    let param = declared.next().expect("the fields are made from the same list");
                    let slot = $crate::kinds::Slot { params, command, param };
                    let $field = $crate::api_command!(@presence $presence slot,
                        slot.$param_kind $(::<$inner>)? ()?);
                )*
                let _ = declared;
                Ok(Self { $($field),* })
            }
        }
    };

    (@type required $kind:ident $($inner:ty)?) => { $crate::api_command!(@rust $kind $($inner)?) };
    (@type optional $kind:ident $($inner:ty)?) => {
        Option<$crate::api_command!(@rust $kind $($inner)?)>
    };

    (@rust uuid $inner:ty) => { $inner };
    (@rust choice $inner:ty) => { $inner };
    (@rust list $inner:ty) => { Vec<$inner> };
    (@rust string) => { String };
    (@rust boolean) => { bool };
    (@rust integer) => { i32 };
    (@rust long) => { i64 };
    (@rust double) => { f64 };
    (@rust date) => { $crate::dates::Timestamp };
    (@rust end_date) => { $crate::EndDate };
    (@rust map) => { $crate::MergedMap };
    (@rust first_map) => { $crate::FirstMap };
    (@rust records) => { $crate::Records };

    (@kind uuid) => { $crate::ParamType::Uuid };
    (@kind choice) => { $crate::ParamType::String };
    (@kind list) => { $crate::ParamType::List };
    (@kind string) => { $crate::ParamType::String };
    (@kind boolean) => { $crate::ParamType::Boolean };
    (@kind integer) => { $crate::ParamType::Integer };
    (@kind long) => { $crate::ParamType::Long };
    (@kind double) => { $crate::ParamType::Double };
    (@kind date) => { $crate::ParamType::Date };
    (@kind end_date) => { $crate::ParamType::Date };
    (@kind map) => { $crate::ParamType::Map };
    (@kind first_map) => { $crate::ParamType::Map };
    (@kind records) => { $crate::ParamType::Map };

    (@command_kind synchronous) => { $crate::CommandKind::Sync };
    (@command_kind asynchronous) => { $crate::CommandKind::Async };
    (@command_kind asynchronous_create) => { $crate::CommandKind::AsyncCreate };

    (@required required) => { true };
    (@required optional) => { false };

    (@presence required $slot:ident, $value:expr) => { $value.ok_or_else(|| $slot.missing())? };
    (@presence optional $slot:ident, $value:expr) => { $value };

    (@wire $field:ident) => { stringify!($field) };
    (@wire $field:ident $wire:literal) => { $wire };
}
