//! How every life cycle looks a move up in its table.

use std::fmt::Debug;

/// An event that a thing's present state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{thing} cannot take {event} while it is {state}")]
pub struct InvalidTransition {
    /// The kind of thing, for instance `vm`.
    pub thing: &'static str,
    /// The state that it is in.
    pub state: String,
    /// The event that came.
    pub event: String,
}

/// The state after `event`, by `table`.
pub(crate) fn next<S, E>(
    thing: &'static str,
    table: &[(S, E, S)],
    state: S,
    event: E,
) -> Result<S, InvalidTransition>
where
    S: Copy + PartialEq + Debug,
    E: Copy + PartialEq + Debug,
{
    table.iter().find(|row| row.0 == state && row.1 == event).map(|row| row.2).ok_or_else(|| {
        InvalidTransition { thing, state: format!("{state:?}"), event: format!("{event:?}") }
    })
}

/// Makes an enum whose values are stored and shown by name.
macro_rules! named_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every value there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name under which it is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|v| v.as_str().eq_ignore_ascii_case(text)).ok_or_else(
                    || $crate::names::NameError::NotOneOf {
                        what: stringify!($name),
                        value: text.to_owned(),
                        known: Self::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", "),
                    },
                )
            }
        }
    };
}
pub(crate) use named_enum;

#[cfg(test)]
pub(crate) fn has_no_row_twice<S: Copy + PartialEq + Debug, E: Copy + PartialEq + Debug>(
    table: &[(S, E, S)],
) -> bool {
    table.iter().enumerate().all(|(i, a)| !table[..i].iter().any(|b| b.0 == a.0 && b.1 == a.1))
}
