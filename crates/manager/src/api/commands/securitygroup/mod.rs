//! Commands about security groups. They are kept as records; hosts do not enforce them yet.

use super::{Entry, known};

mod authorize;
mod create_security_group;
mod delete_security_group;
mod list_security_groups;
mod revoke;
mod rule;
mod update_security_group;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<authorize::AuthorizeSecurityGroupEgress>(),
    known::<authorize::AuthorizeSecurityGroupIngress>(),
    known::<create_security_group::CreateSecurityGroup>(),
    known::<delete_security_group::DeleteSecurityGroup>(),
    known::<list_security_groups::ListSecurityGroups>(),
    known::<revoke::RevokeSecurityGroupEgress>(),
    known::<revoke::RevokeSecurityGroupIngress>(),
    known::<update_security_group::UpdateSecurityGroup>(),
];
