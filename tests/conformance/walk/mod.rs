//! Walks through the commands, one file for each kind of thing: every command has to be called somewhere.

pub(super) mod administration;
pub(super) mod catalogue;
pub(super) mod ends;
pub(super) mod groups;
pub(super) mod identity;
pub(super) mod images;
pub(super) mod ldap;
pub(super) mod lists;
pub(super) mod projects;
pub(super) mod vms;
pub(super) mod volumes;
pub(super) mod wires;
