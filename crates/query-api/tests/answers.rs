//! Requests merged from query and body, paging, and answers in both forms.
#![allow(clippy::unwrap_used)]

use hostler_query_api::{
    Answer, ApiCommand, ApiError, ErrorClass, Format, JobAnswer, JobStatus, Paging, Params, Status,
    api_command,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

api_command! {
    /// Lists zones.
    pub struct ListZones = "listZones", synchronous .object("zone").paged();
}

api_command! {
    /// Puts a VM's root disk back.
    pub struct RestoreVirtualMachine = "restoreVirtualMachine", asynchronous
        .object("virtualmachine").envelope("restorevmresponse");
}

api_command! {
    /// Removes a user.
    pub struct DeleteUser = "deleteUser", synchronous;
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.render(Format::Json)).unwrap()
}

#[test]
fn the_query_wins_over_the_body_and_the_last_value_over_the_first() {
    let params = Params::parse("a=1&b=%7e+x&junk&C=2&b=y%2Bz", "a=9&d=4&c=3").unwrap();
    let seen = ["a", "B", "c", "d", "junk"].map(|name| params.get(name));
    assert_eq!(seen, [Some("1"), Some("y+z"), Some("2"), Some("4"), None]);
}

#[test]
fn page_and_pagesize_go_together() {
    let read =
        |query: &str| Paging::read(&Params::parse(query, "").unwrap()).map_err(|e| e.status.code());
    assert_eq!(read(""), Ok(Paging::Default));
    assert_eq!(read("pagesize=-1"), Ok(Paging::Unlimited));
    assert_eq!(read("page=3&pagesize=500"), Ok(Paging::Page { number: 3, size: 500 }));
    for bad in [
        "page=1",
        "pagesize=10",
        "page=1&pagesize=501",
        "page=0&pagesize=1",
        "page=1&pagesize=0",
        "page=1&pagesize=-1",
        "page=x&pagesize=1",
        "page=99999999999&pagesize=5",
    ] {
        assert_eq!(read(bad), Err(431), "{bad}");
    }
    assert_eq!(read("page=2&pagesize=2").unwrap().of(vec![1, 2, 3]), [3]);
}

#[test]
fn lists_objects_and_successes_have_one_key_at_the_top() {
    let zones = ListZones::declaration();
    assert_eq!(json_of(&Answer::list(zones, 0, vec![])), json!({"listzonesresponse": {}}));
    assert_eq!(
        json_of(&Answer::list(zones, 7, vec![])),
        json!({"listzonesresponse": {"count": 7}})
    );
    assert_eq!(
        json_of(&Answer::list(zones, 2, vec![json!({"id": "z", "dns2": null, "tags": []})])),
        json!({"listzonesresponse": {"count": 2, "zone": [{"id": "z", "tags": []}]}})
    );
    assert_eq!(
        json_of(&Answer::success(DeleteUser::declaration(), None)),
        json!({"deleteuserresponse": {"success": true}})
    );
    assert_eq!(
        json_of(&Answer::job(RestoreVirtualMachine::declaration(), None, Uuid::nil())),
        json!({"restorevmresponse": {"jobid": Uuid::nil()}})
    );
}

#[test]
fn errors_carry_status_class_and_text() {
    let zones = ListZones::declaration();
    let error = ApiError::invalid("no").about(Uuid::nil(), "zone");
    let answer = Answer::error(Some(zones), &error);
    assert_eq!(answer.status, 431);
    assert_eq!(
        json_of(&answer),
        json!({"listzonesresponse": {"uuidList": [{"uuid": Uuid::nil(), "description": "zone"}],
            "errorcode": 431, "cserrorcode": 4350, "errortext": "no"}})
    );
    assert_eq!(
        json_of(&Answer::error(Some(zones), &ApiError::unauthorized())),
        json!({"listzonesresponse": {"uuidList": [], "errorcode": 401,
            "errortext": "unable to verify user credentials and/or request signature"}})
    );
    let unknown = Answer::error(None, &ApiError::unknown_command("listFoo"));
    assert_eq!((unknown.status, unknown.envelope.as_str()), (432, "errorresponse"));
}

#[test]
fn every_class_has_its_own_code() {
    let mut codes: Vec<_> = ErrorClass::TABLE.iter().map(|row| row.1).collect();
    codes.dedup();
    assert_eq!(codes.len(), 20);
    assert_eq!(ErrorClass::InsufficientServer.code(), 4335);
    assert_eq!(ErrorClass::InsufficientServer.status(), Status::InsufficientCapacity);
}

#[test]
fn what_a_host_says_is_hidden_from_users() {
    let error = ApiError::new(ErrorClass::InsufficientCapacity, "kvm-1 has 3 MiB").for_non_admin();
    assert!(!error.text.contains("kvm-1"));
    assert_eq!(ApiError::invalid("name is taken").for_non_admin().text, "name is taken");
}

fn job(status: JobStatus) -> Value {
    JobAnswer {
        job: Uuid::nil(),
        command: "deployVirtualMachine".into(),
        status,
        account: (Uuid::nil(), "admin".into()),
        domain: (Uuid::nil(), "ROOT".into()),
        user: None,
        instance: Some(("VirtualMachine".into(), Uuid::nil())),
        created: "2026-11-21T09:00:00Z".parse().unwrap(),
        completed: None,
        result: json!({"virtualmachine": {"id": "x"}}),
        error: Some(ApiError::new(ErrorClass::InsufficientServer, "no host fits")),
    }
    .into_value()
}

#[test]
fn a_job_has_code_and_result_as_soon_as_it_is_finished() {
    let pending = job(JobStatus::Pending);
    assert_eq!((&pending["jobstatus"], pending.get("jobresult")), (&0.into(), None));
    let done = job(JobStatus::Succeeded);
    assert_eq!(
        (&done["jobresultcode"], &done["jobresult"]["virtualmachine"]["id"]),
        (&0.into(), &"x".into())
    );
    let failed = job(JobStatus::Failed);
    assert_eq!(failed["jobresult"], json!({"errorcode": 533, "errortext": "no host fits"}));
    assert_eq!(failed["jobresultcode"], 533);
    assert_eq!(failed["created"], "2026-11-21T09:00:00+0000");
}

#[test]
fn xml_repeats_an_element_for_each_item_and_escapes_text() {
    let rows = vec![
        json!({"id": 1, "a b": "<&\u{1}'", "tags": ["x", "y"], "nic": []}),
        json!({"1x": true}),
    ];
    let answer = Answer::list(ListZones::declaration(), 2, rows);
    assert_eq!(
        answer.render(Format::Xml),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><listzonesresponse><count>2</count>\
         <zone><a_b>&lt;&amp;\u{fffd}&apos;</a_b><id>1</id><tags>x</tags><tags>y</tags></zone>\
         <zone><_1x>true</_1x></zone></listzonesresponse>"
    );
}

#[test]
fn without_response_json_the_answer_is_xml() {
    assert_eq!(Format::of(&Params::parse("command=x", "").unwrap()), Format::Xml);
    assert_eq!(Format::of(&Params::parse("RESPONSE=JSON", "").unwrap()), Format::Json);
}

proptest! {
    #[test]
    fn xml_text_never_contains_markup(text in ".*", key in ".{1,8}") {
        let answer = Answer::flat(DeleteUser::declaration(), json!({ key: text }));
        let xml = answer.render(Format::Xml);
        prop_assert_eq!(xml.matches('<').count(), 5, "{}", xml);
    }
}
