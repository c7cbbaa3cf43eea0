//! `hostler-manager issue-agents`: keys and certificates for agents that nobody adds over SSH, simulated ones above all.
//!
//! Not here: hosts that are added (`onboarding`); their keys never leave them.

use std::path::Path;

use hostler_model::HostGuid;
use serde::Serialize;
use uuid::Uuid;

use crate::ca::{Authority, CaError, write_file};

/// What the file holds, as JSON.
#[derive(Debug, Serialize)]
struct Identities<'a> {
    /// The authority's certificate, in PEM.
    ca: &'a str,
    agents: Vec<Identity>,
}

#[derive(Debug, Serialize)]
struct Identity {
    guid: HostGuid,
    /// In PEM.
    certificate: String,
    /// In PEM.
    key: String,
}

/// Makes `count` guids with keys and certificates, and writes them with the authority's certificate into `file`, which
/// only its owner can read. Whoever has it can come in as these hosts.
///
/// # Errors
/// [`CaError`] if the authority cannot be used or the file not be written.
pub fn issue_agents(state_dir: &Path, file: &Path, count: usize) -> Result<(), CaError> {
    let authority = Authority::open(&state_dir.join("pki"))?;
    let issue = |_| {
        let guid = HostGuid::new(Uuid::new_v4());
        let issued = authority.issue_agent(guid)?;
        Ok(Identity { guid, certificate: issued.certificate, key: issued.key })
    };
    let agents = (0..count).map(issue).collect::<Result<_, CaError>>()?;
    let text = serde_json::to_string(&Identities { ca: authority.certificate(), agents });
    let text = text.map_err(|e| CaError::File { path: file.to_owned(), source: e.into() })?;
    write_file(file, &text, 0o600)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::Value;

    use super::*;

    #[test]
    fn each_agent_has_a_guid_a_key_and_a_certificate_in_a_file_of_its_owner() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("agents.json");
        issue_agents(state.path(), &file, 3).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let found: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert!(found["ca"].as_str().unwrap().contains("BEGIN CERTIFICATE"));
        let agents = found["agents"].as_array().unwrap();
        let guids: BTreeSet<_> = agents.iter().map(|agent| agent["guid"].as_str()).collect();
        assert_eq!(guids.len(), 3);
        for agent in agents {
            assert!(agent["certificate"].as_str().unwrap().contains("BEGIN CERTIFICATE"));
            assert!(agent["key"].as_str().unwrap().contains("PRIVATE KEY"));
        }
    }
}
