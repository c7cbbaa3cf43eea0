//! Commands about SSH keys.

use super::{Entry, known};

mod create_ssh_keypair;
mod delete_ssh_keypair;
mod list_ssh_keypairs;
pub(crate) mod public_key;
mod register_ssh_keypair;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_ssh_keypair::CreateSshKeyPair>(),
    known::<delete_ssh_keypair::DeleteSshKeyPair>(),
    known::<list_ssh_keypairs::ListSshKeyPairs>(),
    known::<register_ssh_keypair::RegisterSshKeyPair>(),
];
