//! `listAffinityGroupTypes`: what affinity groups can ask for.

use hostler_model::AffinityKind;
use hostler_query_api::{Answer, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::group::{AFFINITY_TYPE, affinity_type};

api_command! {
    /// Lists the types of affinity groups. A non-strict one is a wish: its VMs start elsewhere if they have to.
    pub(crate) struct ListAffinityGroupTypes = "listAffinityGroupTypes", synchronous
        .object("affinityGroupType").shape(&AFFINITY_TYPE).paged();
}

impl Handler for ListAffinityGroupTypes {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (page, keyword) = (call.page()?, call.keyword().unwrap_or_default());
        let kinds = AffinityKind::ALL.iter().filter(|kind| kind.as_str().contains(&keyword));
        let all: Vec<_> = kinds.map(|kind| affinity_type(*kind)).collect();
        let total = all.len();
        let skip = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let most = page.limit.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        Ok(Answer::list(call.command, total, all.into_iter().skip(skip).take(most).collect()))
    }
}
