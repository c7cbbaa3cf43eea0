//! Limits, and projects from their making to their end.

use crate::answers::Witness;

pub(crate) async fn all(w: &mut Witness) {
    let domain = w.call("listDomains", &[]).await["domain"][0]["id"].as_str().unwrap().to_owned();
    w.call("updateResourceCount", &[("domainid", &domain)]).await;

    let answer = w.call("createProject", &[("name", "p9")]).await;
    let project = answer["id"].as_str().unwrap().to_owned();
    w.job(&answer).await;
    w.call("listProjects", &[]).await;
    w.call("listProjectAccounts", &[("projectid", &project)]).await;
    let of_project = [("projectid", project.as_str())];
    w.call("listResourceLimits", &of_project).await;
    let limit = [("resourcetype", "0"), ("max", "3")];
    w.call("updateResourceLimit", &[&of_project[..], &limit].concat()).await;
    w.call("listVirtualMachines", &of_project).await;
    for (command, params) in [
        ("suspendProject", &[][..]),
        ("activateProject", &[]),
        ("updateProject", &[("displaytext", "the ninth")]),
    ] {
        let answer = w.call(command, &[&[("id", project.as_str())], params].concat()).await;
        w.job(&answer).await;
    }
    let accounts = w.call("listAccounts", &[("listall", "true")]).await;
    let mut names = accounts["account"].as_array().unwrap().iter();
    let other = names.find(|account| account["name"] != "admin").unwrap();
    let name = other["name"].as_str().unwrap().to_owned();
    for command in ["addAccountToProject", "deleteAccountFromProject"] {
        let params = [&of_project[..], &[("account", name.as_str())]].concat();
        let answer = w.call(command, &params).await;
        w.job(&answer).await;
    }
    let answer = w.call("deleteProject", &[("id", &project)]).await;
    w.job(&answer).await;
}
