//! What holds for every list command: pages, keywords, ids, and that XML says what JSON says.
//!
//! The commands are those that `listApis` names; what one of them needs to be called at all stands in `NEEDED`.

use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use hostler_tests::xml::{self, Element};
use serde_json::Value;

/// Parameters without which a list cannot be called, and that change nothing of what is tested.
const NEEDED: &[(&str, &str, &str)] = &[
    ("listTemplates", "templatefilter", "all"),
    ("listIsos", "isofilter", "all"),
    ("listTemplatePermissions", "id", "{template}"),
    ("listVirtualMachinesMetrics", "listall", "true"),
    ("listNics", "virtualmachineid", "{vm}"),
    ("listJobSteps", "jobid", "{job}"),
    ("listHistory", "virtualmachineid", "{vm}"),
];

/// Lists of few computed rows, in which a keyword finds nothing and excludes nothing.
const NO_KEYWORD: &[&str] = &["listCapacity", "listResourceLimits", "listVlanIpRanges"];

/// Lists that answer one object or what never changes, and take no page.
const NO_PAGES: &[&str] = &["listApis", "listCapabilities"];

/// A list: its name, the parameters that it needs, and all that it declares.
struct List {
    name: String,
    needed: Vec<(String, String)>,
    params: Vec<String>,
}

impl List {
    fn takes(&self, param: &str) -> bool {
        self.params.iter().any(|name| name == param)
    }

    fn with<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let needed = self.needed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all = self.takes("listall").then_some(("listall", "true"));
        needed.chain(all).chain(more.iter().copied()).collect()
    }

    async fn ask(&self, api: &Api, more: &[(&str, &str)]) -> Value {
        api.ok(&self.name, &self.with(more)).await
    }
}

/// The rows of an answer, whatever their key.
fn rows(answer: &Value) -> Vec<Value> {
    let lists = answer.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array());
    lists.flatten().cloned().collect()
}

/// A cloud in which there are at least two of most things, and every list command.
async fn furnished() -> (Cloud, Api, Vec<List>) {
    let cloud = Cloud::with_hosts(2).await.unwrap();
    let api =
        Api::admin(cloud.manager.as_ref().unwrap().api, &cloud.folder().join("manager")).unwrap();
    let (mut vm, mut job) = (String::new(), String::new());
    for name in ["Alder <&> 'a'", "birch"] {
        let mut request =
            cloud.request(&name.to_lowercase().replace(|c: char| !c.is_ascii_lowercase(), ""));
        request.display_name = Some(name.to_owned());
        let admin = cloud.admin().await.unwrap();
        let (id, its) =
            hostler_manager::orchestration::vm::deploy(cloud.context(), &admin, request)
                .await
                .unwrap();
        cloud.ended(its).await.unwrap();
        (vm, job) = (id.to_string(), its.to_string());
    }
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Hz1V1kGk0dHJ1c3Rub29uZWF0YWxsZXZlcmV2ZXI0";
    for name in ["oak", "ash"] {
        api.ok("registerSSHKeyPair", &[("name", name), ("publickey", &format!("{key} {name}"))])
            .await;
    }
    let known =
        [("{template}", cloud.catalogue.template.to_string()), ("{vm}", vm), ("{job}", job)];
    let apis = api.ok("listApis", &[]).await["api"].as_array().unwrap().clone();
    let lists = apis.iter().filter_map(|api| {
        let name = api["name"].as_str().unwrap();
        if !name.starts_with("list") || NO_PAGES.contains(&name) {
            return None;
        }
        let params = api["params"].as_array().unwrap();
        let needed: Vec<(String, String)> = NEEDED
            .iter()
            .filter(|(list, ..)| *list == name)
            .map(|(_, param, value)| {
                let id = known.iter().find(|(place, _)| place == value);
                let value = id.map_or((*value).to_owned(), |(_, id)| id.clone());
                ((*param).to_owned(), value)
            })
            .collect();
        let missing = params.iter().find(|param| {
            param["required"] == true && !needed.iter().any(|(name, _)| param["name"] == **name)
        });
        if missing.is_some() {
            return None;
        }
        let params = params.iter().map(|p| p["name"].as_str().unwrap().to_owned()).collect();
        Some(List { name: name.to_owned(), needed, params })
    });
    let lists = lists.collect();
    (cloud, api, lists)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_every_list_are_its_parts_and_know_how_many_there_are() {
    let (_cloud, api, lists) = furnished().await;
    let (mut wrong, mut paged) = (Vec::new(), 0);
    for list in lists.iter().filter(|list| list.takes("page")) {
        let name = &list.name;
        for bad in [
            &[("page", "1")][..],
            &[("pagesize", "1")],
            &[("page", "1"), ("pagesize", "501")],
            &[("page", "1"), ("pagesize", "-1")],
            &[("page", "0"), ("pagesize", "1")],
            &[("page", "one"), ("pagesize", "1")],
        ] {
            let status = api.call(name, &list.with(bad)).await.status;
            if status != 431 {
                wrong.push(format!("{name} {bad:?}: {status}"));
            }
        }
        let all = list.ask(&api, &[]).await;
        let (all, count) = (rows(&all), all["count"].as_u64().unwrap_or(0));
        if u64::try_from(all.len()).unwrap() != count {
            wrong.push(format!("{name}: count {count} of {} rows", all.len()));
        }
        let everything = list.ask(&api, &[("pagesize", "-1")]).await;
        if rows(&everything).len() != all.len() {
            wrong.push(format!("{name}: pagesize=-1 gives {}", rows(&everything).len()));
        }
        for (place, row) in all.iter().enumerate().take(3) {
            let page = (place + 1).to_string();
            let answer = list.ask(&api, &[("page", &page), ("pagesize", "1")]).await;
            let one = rows(&answer);
            if answer["count"] != count || one.len() != 1 || one[0]["id"] != row["id"] {
                wrong.push(format!("{name}: page {page} of 1 is {answer}"));
            }
        }
        let past = list.ask(&api, &[("page", "9999"), ("pagesize", "100")]).await;
        let expected =
            if count == 0 { serde_json::json!({}) } else { serde_json::json!({"count": count}) };
        if past != expected {
            wrong.push(format!("{name}: past the end {past}"));
        }
        paged += 1;
    }
    println!("{paged} lists have pages");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(paged >= 20, "{paged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyword_finds_a_part_of_a_name_in_any_case_of_its_letters() {
    let (_cloud, api, lists) = furnished().await;
    let (mut wrong, mut found) = (Vec::new(), 0);
    let searched =
        |list: &&List| list.takes("keyword") && !NO_KEYWORD.contains(&list.name.as_str());
    for list in lists.iter().filter(searched) {
        let name = &list.name;
        let nothing = list.ask(&api, &[("keyword", "no-such-thing-%_")]).await;
        if nothing != serde_json::json!({}) {
            wrong.push(format!("{name}: {nothing}"));
        }
        let all = rows(&list.ask(&api, &[]).await);
        let Some(text) = all.first().and_then(|row| row["name"].as_str()) else { continue };
        let part: String = text.chars().skip(1).take(6).collect::<String>().to_uppercase();
        if part.is_empty() {
            continue;
        }
        let answer = rows(&list.ask(&api, &[("keyword", &part)]).await);
        if !answer.iter().any(|row| row["name"] == text) {
            wrong.push(format!("{name}: {part:?} does not find {text:?}"));
        }
        found += 1;
    }
    println!("{found} lists were searched");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(found >= 10, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_finds_one_thing_ids_find_several_and_an_unknown_id_is_refused() {
    let (_cloud, api, lists) = furnished().await;
    let (mut wrong, mut asked) = (Vec::new(), 0);
    let unknown = "5b4f40a7-1a2c-4b0c-8d2c-111111111111";
    for list in lists.iter().filter(|list| list.takes("id")) {
        if list.needed.iter().any(|(param, _)| param == "id") {
            continue;
        }
        let name = &list.name;
        let reply = api.call(name, &list.with(&[("id", unknown)])).await;
        if reply.status != 431 || !reply.error().contains("Invalid parameter id") {
            wrong.push(format!("{name}: unknown id: {} {}", reply.status, reply.body));
        }
        let all = rows(&list.ask(&api, &[]).await);
        let ids: Vec<&str> = all.iter().filter_map(|row| row["id"].as_str()).collect();
        let Some(first) = ids.first() else { continue };
        let answer = list.ask(&api, &[("id", first)]).await;
        if answer["count"] != 1 || rows(&answer)[0]["id"] != *first {
            wrong.push(format!("{name}: id={first}: {answer}"));
        }
        if list.takes("ids") && ids.len() > 1 {
            let two = ids[..2].join(",");
            let answer = list.ask(&api, &[("ids", &two)]).await;
            if answer["count"] != 2 {
                wrong.push(format!("{name}: ids={two}: {answer}"));
            }
        }
        asked += 1;
    }
    println!("{asked} lists were asked for one thing");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked >= 10, "{asked}");
}

/// Where an element and a value of JSON differ: an object is an element with elements in it, a list is its element
/// repeated, an empty list is nothing.
fn differences(path: &str, json: &Value, element: &Element, found: &mut Vec<String>) {
    let Some(fields) = json.as_object() else {
        let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
        if text != element.text || !element.children.is_empty() {
            found.push(format!("{path}: {text:?} and {:?}", element.text));
        }
        return;
    };
    for (name, value) in fields {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let elements: Vec<&Element> = element.all(name).collect();
        if values.len() != elements.len() {
            found.push(format!("{path}.{name}: {} and {}", values.len(), elements.len()));
            continue;
        }
        for (value, element) in values.iter().zip(elements) {
            differences(&format!("{path}.{name}"), value, element, found);
        }
    }
    for child in &element.children {
        if !fields.contains_key(&child.name) {
            found.push(format!("{path}: only XML has {}", child.name));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn xml_says_what_json_says() {
    let (_cloud, api, lists) = furnished().await;
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for list in &lists {
        // numbers that machines report change between two calls: they have some tries
        let mut last = Vec::new();
        for _ in 0..5 {
            last.clear();
            let json = api.call(&list.name, &list.with(&[])).await.json();
            let reply = api.xml(&list.name, &list.with(&[])).await;
            let element = xml::read(&reply.body).unwrap_or_else(|e| panic!("{}: {e}", list.name));
            assert!(reply.header("content-type").unwrap().starts_with("text/xml"));
            let (envelope, inner) = json.as_object().unwrap().iter().next().unwrap();
            assert_eq!(*envelope, element.name);
            differences(&list.name, inner, &element, &mut last);
            if last.is_empty() {
                break;
            }
        }
        wrong.append(&mut last);
        compared += 1;
    }
    println!("{compared} lists say the same in both forms");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_xml_has_the_fields_of_json() {
    let (_cloud, api, _) = furnished().await;
    let json = api.call("stopVirtualMachine", &[]).await.inner();
    let reply = api.xml("stopVirtualMachine", &[]).await;
    assert_eq!(reply.status, 431);
    let element = xml::read(&reply.body).unwrap();
    assert_eq!(element.name, "stopvirtualmachineresponse");
    let mut found = Vec::new();
    differences("error", &json, &element, &mut found);
    assert!(found.is_empty(), "{found:#?}");
}
