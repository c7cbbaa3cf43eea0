//! Commands about SSH keys.

pub(crate) mod delete_ssh_keypair;
pub(crate) mod list_ssh_keypairs;
pub(crate) mod public_key;
pub(crate) mod register_ssh_keypair;
