//! A cloud's authority, certificates and `agent.properties`, as files of a test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

pub(crate) const GUID: &str = "6f0c6f0e-51a5-4b5e-8f1d-0b9f4d8f3c11";

/// A cloud's authority.
pub(crate) struct Cloud(CertifiedIssuer<'static, KeyPair>);

impl Cloud {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// What a manager of this cloud shows, under `name`.
    pub(crate) fn manager(&self, name: &str) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap()
    }

    /// Everything that an image worker needs; its manager is at `host:port`.
    pub(crate) fn agent(&self, directory: &Path, host: &str, port: u16) -> PathBuf {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![GUID.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
        write("ca.crt", &self.0.pem());
        write("agent.crt", &certificate.pem());
        write("agent.key", &key.serialize_pem());
        let at = directory.display();
        write(
            "agent.properties",
            &format!(
                "guid={GUID}\nhost={host}\nport={port}\nzone=z\nresource=SecondaryStorageResource\n\
                 secondary.storage.path={at}/images\nsecondary.storage.listen=127.0.0.1:0\n\
                 secondary.storage.public.listen=127.0.0.1:0\n\
                 state.dir={at}/state\ntls.ca={at}/ca.crt\ntls.certificate={at}/agent.crt\n\
                 tls.key={at}/agent.key\nbackoff.max.seconds=1\n"
            ),
        );
        directory.join("agent.properties")
    }
}
