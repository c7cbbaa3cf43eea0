//! Commands about SSH keys.

pub mod delete_ssh_keypair;
pub mod list_ssh_keypairs;
pub mod public_key;
pub mod register_ssh_keypair;
