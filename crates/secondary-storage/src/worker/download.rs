//! `DownloadCommand`: fetches a template, checks it, and keeps it.
//!
//! Idempotent: a template that is there already and is the one that is wanted is a success without a download.

use std::sync::Arc;

use hostler_model::Bytes;
use hostler_wire::{CommandFailure, DownloadAnswer, DownloadCommand};
use reqwest::Url;
use tokio_util::sync::CancellationToken;

use super::failure::DownloadError;
use super::{SecondaryStorage, local, unpack};
use crate::Transferred;
use crate::address::{AddressRule, CheckedResolver};
use crate::checksum::{Algorithm, Checksum};
use crate::layout::{Incoming, Manifest};
use crate::probe;
use crate::progress::Meter;
use crate::sink::{Digests, Sink};
use crate::source::Source;
use crate::transfer::{Redirects, Transfer, TransferError};

type Progress<'a> = &'a (dyn Fn(Transferred) + Send + Sync);

impl SecondaryStorage {
    /// See the top of this file.
    pub(super) async fn download(
        &self,
        command: &DownloadCommand,
        progress: Progress<'_>,
        cancelled: &CancellationToken,
    ) -> Result<DownloadAnswer, CommandFailure> {
        let template = command.template;
        let _turn = self.lanes.enter(template, cancelled).await?;
        let kept = self.download_kept(command, progress, cancelled).await;
        kept.map(Manifest::answer).map_err(|error| error.failure(template))
    }

    async fn download_kept(
        &self,
        command: &DownloadCommand,
        progress: Progress<'_>,
        cancelled: &CancellationToken,
    ) -> Result<Manifest, DownloadError> {
        let checksum = command.checksum.as_deref().filter(|text| !text.trim().is_empty());
        let checksum: Option<Checksum> = checksum.map(str::parse).transpose()?;
        self.layout.check()?;
        if let Some(manifest) = self.layout.find(command.template)? {
            self.is_wanted(&manifest, command, checksum.as_ref()).await?;
            return Ok(manifest);
        }
        let source = Source::parse(&command.url)?;
        let incoming = self.layout.begin(command.template)?;
        let mut meter = Meter::new(progress);
        let digests = self
            .bring(command, &source, checksum.as_ref(), &incoming, &mut meter, cancelled)
            .await?;
        let manifest =
            Self::inspect(command, &source, checksum, digests, &incoming, cancelled).await?;
        meter.end(manifest.size.0);
        self.layout.keep(incoming, &manifest)?;
        tracing::info!(template = %command.template, url = manifest.url, size = %manifest.size, "a template is ready");
        Ok(manifest)
    }

    /// Refuses a template that is there already and is another one than is wanted now.
    async fn is_wanted(
        &self,
        manifest: &Manifest,
        command: &DownloadCommand,
        checksum: Option<&Checksum>,
    ) -> Result<(), DownloadError> {
        let another = |what, here: &str, wanted: &str| {
            Err(DownloadError::Another { what, here: here.to_owned(), wanted: wanted.to_owned() })
        };
        if manifest.format != command.format {
            return another("format", probe::name(manifest.format), probe::name(command.format));
        }
        let Some(checksum) = checksum else { return Ok(()) };
        let known = manifest.checksum.as_deref().and_then(|text| text.parse::<Checksum>().ok());
        let here = match known.filter(|known| known.algorithm == checksum.algorithm) {
            Some(known) => known.hex,
            None if manifest.packed.is_some() => "unknown, for it was unpacked".to_owned(),
            None if checksum.algorithm == Algorithm::Sha256 => manifest.sha256.clone(),
            None => self.compute(manifest, checksum.algorithm).await?,
        };
        if here == checksum.hex { Ok(()) } else { another("checksum", &here, &checksum.hex) }
    }

    /// A checksum of a kept template that was not asked for before.
    async fn compute(
        &self,
        manifest: &Manifest,
        algorithm: Algorithm,
    ) -> Result<String, DownloadError> {
        let path = self.layout.image(manifest.template);
        let hex = super::blocking(move || {
            let mut file = std::fs::File::open(&path)?;
            crate::checksum::of(&mut file, algorithm).map(|(_, hex)| hex)
        });
        hex.await.map_err(|source| {
            let path = self.layout.image(manifest.template);
            crate::WorkerError::File { what: "read", path, source }.into()
        })
    }

    /// Brings the file to where templates arrive.
    async fn bring(
        &self,
        command: &DownloadCommand,
        source: &Source,
        checksum: Option<&Checksum>,
        incoming: &Incoming,
        meter: &mut Meter<'_>,
        cancelled: &CancellationToken,
    ) -> Result<Digests, DownloadError> {
        let path = incoming.image();
        let cannot_write = |error| TransferError::writing(&path, 0, error);
        let stated = checksum.map(|checksum| checksum.algorithm);
        match source {
            Source::File(from) => {
                let file = local::open(from, self.config.file_roots.as_deref())?;
                let mut sink = Sink::create(&path, stated).await.map_err(cannot_write)?;
                local::copy(file, from, command.max_size, &mut sink, meter, cancelled).await?;
                Ok(sink.finish().await.map_err(cannot_write)?)
            }
            Source::Web(url) => {
                let mut sink = Sink::create(&path, stated).await.map_err(cannot_write)?;
                self.bring_from_web(command, url, &mut sink, meter, cancelled).await?;
                Ok(sink.finish().await.map_err(cannot_write)?)
            }
        }
    }

    async fn bring_from_web(
        &self,
        command: &DownloadCommand,
        url: &Url,
        sink: &mut Sink,
        meter: &mut Meter<'_>,
        cancelled: &CancellationToken,
    ) -> Result<(), DownloadError> {
        let rule = Arc::new(AddressRule {
            allow_private: command.allow_private_addresses,
            allowed: self.config.allowed_networks.clone(),
        });
        let resolver = Arc::new(CheckedResolver(Arc::clone(&rule)));
        let client = self.patience.client().dns_resolver(resolver).build();
        let client = client.map_err(DownloadError::Client)?;
        let to_plain_http = command.checksum.is_some();
        let transfer = Transfer {
            client: &client,
            url,
            redirects: Redirects::Follow { rule: &rule, to_plain_http },
            limit: command.max_size.0,
            size: None,
            etag: None,
            patience: self.patience,
        };
        Ok(transfer.run(sink, meter, cancelled).await?)
    }

    /// Checks what has arrived, and unpacks it if need be.
    async fn inspect(
        command: &DownloadCommand,
        source: &Source,
        checksum: Option<Checksum>,
        digests: Digests,
        incoming: &Incoming,
        cancelled: &CancellationToken,
    ) -> Result<Manifest, DownloadError> {
        let url = source.masked();
        if let (Some(wanted), Some(found)) = (&checksum, &digests.stated)
            && wanted.hex != *found
        {
            let algorithm = wanted.algorithm.name();
            let (found, wanted) = (found.clone(), wanted.hex.clone());
            return Err(DownloadError::WrongChecksum { url, algorithm, found, wanted });
        }
        let unpacked = unpack::unpack(incoming, &url, command.max_size, cancelled).await?;
        let (packed, digests) = match unpacked {
            Some((packing, digests)) => (Some(packing.to_owned()), digests),
            None => (None, digests),
        };
        let virtual_size = probe::probe(&incoming.image(), command.format, command.max_size)
            .await
            .map_err(|source| DownloadError::Probe { url: url.clone(), source })?;
        Ok(Manifest {
            template: command.template,
            size: Bytes(digests.size),
            virtual_size,
            format: command.format,
            sha256: digests.sha256,
            checksum: checksum.map(|sum| format!("{{{}}}{}", sum.algorithm.name(), sum.hex)),
            url,
            packed,
        })
    }
}

impl Manifest {
    fn answer(self) -> DownloadAnswer {
        DownloadAnswer {
            size: self.size,
            virtual_size: self.virtual_size,
            format: self.format,
            sha256: self.sha256,
        }
    }
}
