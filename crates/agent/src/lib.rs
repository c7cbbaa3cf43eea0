//! The host agent: it carries out, through libvirt, what the manager decides.
//!
//! Not here: decisions. The agent never picks a host, counts a quota or guesses an intent.

pub mod domain_xml;
pub mod hypervisor;
pub mod resource;
