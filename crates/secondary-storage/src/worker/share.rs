//! `ShareTemplateCommand`: makes a link by which anybody who knows it has a template for a while.

use std::time::Duration;

use hostler_wire::{CommandFailure, FailureKind, ShareTemplateAnswer, ShareTemplateCommand};
use tokio_util::sync::CancellationToken;

use super::{SecondaryStorage, blocking, failure};
use crate::serve::public::PREFIX;

impl SecondaryStorage {
    /// The link itself is in no log and in no error.
    pub(super) async fn share(
        &self,
        command: &ShareTemplateCommand,
        cancelled: &CancellationToken,
    ) -> Result<ShareTemplateAnswer, CommandFailure> {
        let template = command.template;
        let _turn = self.lanes.enter(template, cancelled).await?;
        let (layout, order) = (self.layout.clone(), command.clone());
        let shared = blocking(move || {
            let lasts = Duration::from_secs(order.seconds.into());
            let found = layout.find(template)?.is_some();
            if found {
                layout.link(order.token.reveal(), template, &order.name, lasts)?;
            }
            Ok(found)
        });
        if shared.await.map_err(|error| failure::storage(template, "share", &error))? {
            let base = self.config.public_url.trim_end_matches('/');
            return Ok(ShareTemplateAnswer { base: format!("{base}{PREFIX}") });
        }
        let text = format!("template {template} is not on this image worker any more");
        Err(CommandFailure { kind: FailureKind::Failed, text })
    }
}
