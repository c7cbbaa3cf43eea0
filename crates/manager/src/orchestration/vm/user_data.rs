//! What a guest is told at its first boot: what its user gave, and with it a password if one is due. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hostler_store::vm::VmRow;
use serde_json::json;

/// Between the parts; base64 has no such text.
const BOUNDARY: &str = "==hostler==";

/// The user data for cloud-init; nothing: the host writes the least that a guest needs.
pub(super) fn for_guest(vm: &VmRow) -> Option<String> {
    let Some(password) = &vm.password else { return vm.user_data.clone() };
    let keys: Vec<&str> = vm.ssh_keys.iter().map(|key| key.public_key.as_str()).collect();
    let config = json!({
        "password": password.0,
        "chpasswd": { "expire": false },
        "ssh_pwauth": true,
        "ssh_authorized_keys": keys,
    });
    // JSON is YAML
    let own = format!("#cloud-config\n{config}\n");
    let Some(given) = &vm.user_data else { return Some(own) };
    let part = |kind: &str, text: &str| {
        let packed = STANDARD.encode(text);
        let head = format!("--{BOUNDARY}\nContent-Type: {kind}; charset=\"utf-8\"\n");
        format!("{head}MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n{packed}\n")
    };
    // cloud-init looks at the beginning of plain text for what it is
    let parts = part("text/cloud-config", &own) + &part("text/plain", given);
    let head = format!("Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\n");
    Some(format!("{head}MIME-Version: 1.0\n\n{parts}--{BOUNDARY}--\n"))
}
