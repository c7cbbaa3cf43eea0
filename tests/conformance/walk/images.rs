//! Tags, templates, ISOs, kinds of guests, and what networks can and cannot do.

use hostler_tests::cloud::Cloud;

use crate::answers::Witness;

pub(crate) async fn all(w: &mut Witness, cloud: &Cloud) {
    tags(w, cloud).await;
}

async fn tags(w: &mut Witness, cloud: &Cloud) {
    let template = cloud.catalogue.template.to_string();
    let of = [("resourcetype", "Template"), ("resourceids", template.as_str())];
    let tag = [("tags[0].key", "os"), ("tags[0].value", "debian")];
    let answer = w.call("createTags", &[of, tag].concat()).await;
    w.job(&answer).await;
    let listed = w.call("listTags", &[("resourceid", &template)]).await;
    assert_eq!(listed["count"], 1, "{listed}");
    let featured = [[("templatefilter", "all"), tag[0]].as_slice(), &tag[1..]].concat();
    let listed = w.call("listTemplates", &featured).await;
    assert_eq!(listed["template"][0]["tags"][0]["value"], "debian", "{listed}");
    let answer = w.call("deleteTags", &of).await;
    w.job(&answer).await;
}
