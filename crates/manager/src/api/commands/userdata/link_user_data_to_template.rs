//! `linkUserDataToTemplate`: has a template bring user data along for every VM that is made from it.

use hostler_model::{TemplateId, UserDataId, UserDataPolicy};
use hostler_query_api::{Answer, ApiError, api_command};
use hostler_store::reference::{Entity, references_missing};
use hostler_store::template_view::template_view;
use hostler_store::user_data::user_data_link;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::{TEMPLATE, template};

api_command! {
    /// Has a template bring registered user data along; without userdataid, none any more.
    pub(crate) struct LinkUserDataToTemplate = "linkUserDataToTemplate", synchronous
        .object("template").shape(&TEMPLATE);

    /// The template. It has to be given.
    templateid: optional uuid<TemplateId> .entity("template"),
    /// The user data.
    userdataid: optional uuid<UserDataId> .entity("userdata"),
    /// ALLOWOVERRIDE (the default): those who deploy may bring their own instead; APPEND: guests get both; DENYOVERRIDE: they may not.
    userdatapolicy: optional choice<UserDataPolicy>,
}

impl Handler for LinkUserDataToTemplate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let Some(id) = self.templateid else {
            return Err(Failure::invalid("templateid: it is missing; name the template"));
        };
        let mut named = vec![("templateid", Entity::Template, id.uuid())];
        named.extend(self.userdataid.map(|id| ("userdataid", Entity::UserData, id.uuid())));
        call.require(named).await?;
        let (sight, event) = (call.identity.sight(), call.event("TEMPLATE.LINK.USER.DATA"));
        let policy = self.userdatapolicy.unwrap_or(UserDataPolicy::AllowOverride);
        let linked = self.userdataid.map(|id| (id, policy));
        let view = call
            .write(move |tx| {
                let there = template_view(tx, id)?;
                let owner = [(Entity::Account, there.account.uuid())];
                if !references_missing(tx, &owner, &sight)?.is_empty() {
                    return Err(Failure(ApiError::denied(
                        "parameter templateid names a template of another account; only its owner may change it",
                    )));
                }
                user_data_link(tx, id, linked)?;
                let text = match linked {
                    Some((data, policy)) => format!("template {} brings user data {data} along, {policy}", there.name),
                    None => format!("template {} brings no user data along any more", there.name),
                };
                event.about("Template", id.uuid()).record(tx, text)?;
                Ok(template_view(tx, id)?)
            })
            .await?;
        Ok(call.object(template(&view, call.is_root())))
    }
}
