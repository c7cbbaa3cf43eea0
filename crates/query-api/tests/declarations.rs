//! What a declared command reads from a request, and how it refuses.
#![allow(clippy::unwrap_used)]

use hostler_query_api::dates;
use hostler_query_api::{
    ApiCommand, CommandDecl, EndDate, FieldDecl, IdOrAll, Owners, Params, RoleType, Roles,
    ShapeDecl, api_command, list_apis::list_apis,
};
use proptest::prelude::*;
use uuid::Uuid;

static NIC: ShapeDecl =
    ShapeDecl::new("NicResponse", &[FieldDecl::new("ipaddress", "string", "its address")]);
static VM: ShapeDecl = ShapeDecl::new(
    "UserVmResponse",
    &[
        FieldDecl::new("id", "string", "the VM's id"),
        FieldDecl::new("memory", "integer", "MiB"),
        FieldDecl::nested("nic", "set", "its network cards", &NIC),
    ],
);

api_command! {
    /// Makes a VM
    /// and starts it.
    pub struct DeployVirtualMachine = "deployVirtualMachine", asynchronous_create
        .object("virtualmachine").shape(&VM);

    /// Where.
    zoneid: required uuid<Uuid> .entity("zone"),
    /// Its host name.
    name: optional string .max(63),
    /// On which host.
    hostid: optional uuid<Uuid> .entity("host").roles(Roles::ADMIN),
    /// Whether it starts.
    startvm: optional boolean,
    /// GB.
    rootdisksize: optional long,
    /// Count.
    count: optional integer,
    /// A share.
    share: optional double,
    /// Its networks.
    networkids: optional list<Uuid> .entity("network"),
    /// More about it.
    details: optional map,
    /// Only the first of these.
    settings: optional first_map,
    /// Networks with addresses.
    iptonetworklist: optional records,
    /// From when.
    startdate: optional date,
    /// Until when.
    enddate: optional end_date,
    /// Of which project, or all.
    project: optional uuid<IdOrAll<Uuid>>,
    /// Its kind.
    kind_of "type": optional string,
}

api_command! {
    /// Lists VMs.
    pub struct ListVirtualMachines = "listVirtualMachines", synchronous
        .object("virtualmachine").shape(&VM).paged().owned();

    /// Only this one.
    id: optional uuid<Uuid> .entity("virtualmachine"),
}

api_command! {
    /// Stops the whole cloud.
    pub struct PrepareForShutdown = "prepareForShutdown", synchronous .roles(Roles::ADMIN);
}

const ZONE: &str = "1746ef10-8fa6-40c1-9c82-c3956bf75db8";

fn deploy_as(
    role: RoleType,
    extra: &[(&str, &str)],
) -> Result<DeployVirtualMachine, (u16, String)> {
    let params: Params = [&[("zoneid", ZONE)], extra].concat().into_iter().collect();
    DeployVirtualMachine::parse(&params, role).map_err(|e| (e.status.code(), e.text))
}

fn deploy(extra: &[(&str, &str)]) -> Result<DeployVirtualMachine, (u16, String)> {
    deploy_as(RoleType::Admin, extra)
}

#[test]
fn every_kind_is_read_into_its_type() {
    let vm = deploy(&[
        ("NAME", "web-1"),
        ("hostId", ZONE),
        ("startvm", "TRUE"),
        ("rootdisksize", " 8 "),
        ("share", "0.5"),
        ("networkids", &format!("{ZONE}, ,{ZONE},")),
        ("details[0].cpuNumber", "2"),
        ("details[7].memory", "512"),
        ("settings[1].b", "2"),
        ("settings[0].a", "1"),
        ("iptonetworklist[1].ip", "10.1.1.2"),
        ("iptonetworklist[0].ip", "10.1.1.1"),
        ("startdate", "2026-01-31"),
        ("enddate", "2026-01-31"),
        ("project", "-1"),
        ("type", "x"),
    ])
    .unwrap();
    assert_eq!(vm.zoneid.to_string(), ZONE);
    assert_eq!(vm.name.as_deref(), Some("web-1"));
    assert_eq!(vm.hostid.unwrap().to_string(), ZONE);
    assert_eq!(
        (vm.startvm, vm.rootdisksize, vm.count, vm.share),
        (Some(true), Some(8), None, Some(0.5))
    );
    assert_eq!(vm.networkids.unwrap().len(), 2);
    assert_eq!(
        vm.details.unwrap().into_iter().collect::<Vec<_>>(),
        [("cpuNumber".to_owned(), "2".to_owned()), ("memory".to_owned(), "512".to_owned()),]
    );
    assert_eq!(vm.settings.unwrap().into_keys().collect::<Vec<_>>(), ["a"]);
    let addresses = vm.iptonetworklist.unwrap();
    assert_eq!(
        addresses.iter().map(|r| r["ip"].as_str()).collect::<Vec<_>>(),
        ["10.1.1.1", "10.1.1.2"]
    );
    assert_eq!(dates::format(vm.startdate.unwrap()), "2026-01-31T00:00:00+0000");
    let EndDate(end) = vm.enddate.unwrap();
    assert_eq!(dates::format(end), "2026-01-31T23:59:59+0000");
    assert_eq!(vm.project, Some(IdOrAll::All));
    assert_eq!(vm.kind_of.as_deref(), Some("x"));
}

#[test]
fn refusals_have_the_codes_and_texts_that_clients_know() {
    let missing = DeployVirtualMachine::parse(&Params::default(), RoleType::Admin).unwrap_err();
    assert_eq!(missing.status.code(), 431);
    assert_eq!(missing.class.unwrap().code(), 9999);
    assert_eq!(
        missing.text,
        "Unable to execute API command deployvirtualmachine due to missing parameter zoneid"
    );
    assert_eq!(
        deploy(&[("hostid", "17")]).unwrap_err(),
        (
            431,
            "Unable to execute API command deployvirtualmachine due to invalid value. Invalid parameter hostid \
             value=17 due to incorrect long value format, or entity does not exist or due to incorrect parameter \
             annotation for the field in api cmd class."
                .to_owned()
        )
    );
    let too_long = deploy(&[("name", &"x".repeat(64))]).unwrap_err();
    assert!(
        too_long.1.contains("Value greater than max allowed length 63 for param: name"),
        "{too_long:?}"
    );
}

#[test]
fn a_malformed_value_is_named_with_what_was_expected() {
    for (name, value, expected) in [
        ("rootdisksize", "8GB", "a whole number"),
        ("count", "99999999999", "an integer"),
        ("share", "NaN", "a finite decimal number"),
        ("startdate", "soon", "yyyy-MM-dd"),
        ("networkids", "a,b", "networkids value=a "),
    ] {
        let (code, text) = deploy(&[(name, value)]).unwrap_err();
        assert_eq!(code, 431);
        assert!(text.contains(name) && text.contains(expected), "{text}");
    }
}

#[test]
fn malformed_maps_are_430_and_control_characters_431() {
    for name in [
        "details[0]",
        "details[x].a",
        "details[0][1].a",
        "details[0]a",
        "details[0].",
        "other[",
        "[0].a",
    ] {
        assert_eq!(deploy(&[(name, "1")]).unwrap_err().0, 430, "{name}");
    }
    assert_eq!(deploy(&[("details", "cpuNumber=2")]).unwrap_err().0, 430);
    assert_eq!(deploy(&[("name", "a\u{7}b")]).unwrap_err().0, 431);
    assert_eq!(deploy(&[("name", "a\u{7f}b")]).unwrap_err().0, 431);
    assert!(deploy(&[("name", "a\r\nb")]).is_ok());
}

#[test]
fn a_parameter_the_caller_may_not_pass_is_an_error() {
    let (code, text) = deploy_as(RoleType::User, &[("HostID", ZONE)]).unwrap_err();
    assert_eq!(code, 531);
    assert!(text.contains("hostid"), "{text}");
    assert!(deploy_as(RoleType::User, &[]).is_ok());
}

#[test]
fn unknown_parameters_are_ignored_and_can_be_named() {
    let extra =
        [("zoneid", ZONE), ("flavor", "1"), ("net[0].x", "1"), ("_", "1"), ("details[0].a", "1")];
    let params: Params = extra.into_iter().collect();
    assert!(DeployVirtualMachine::parse(&params, RoleType::User).is_ok());
    let unknown: Vec<_> = DeployVirtualMachine::declaration().unknown_params(&params).collect();
    assert_eq!(unknown, ["flavor", "net[0].x"]);
}

#[test]
fn groups_of_parameters_are_read_checked_and_listed_with_a_commands_own() {
    let command = ListVirtualMachines::declaration();
    let sent = |params: &[(&str, &str)]| params.iter().copied().collect::<Params>();
    let params = sent(&[("account", "ann"), ("domainid", ZONE), ("listAll", "true")]);
    let wanted = Owners {
        account: Some("ann".to_owned()),
        domain: Some(ZONE.parse().unwrap()),
        recursive: false,
        everything: true,
    };
    assert_eq!(Owners::read(&params, command).unwrap(), wanted);
    assert_eq!(command.unknown_params(&params).count(), 0);
    for (name, value) in [("domainid", "7"), ("page", "0")] {
        let error = ListVirtualMachines::parse(&sent(&[(name, value)]), RoleType::User);
        assert_eq!(error.unwrap_err().status.code(), 431, "{name}");
    }
    let names: Vec<_> = command.all_params().map(|param| param.name).collect();
    let groups = ["account", "domainid", "isrecursive", "listall", "keyword", "page", "pagesize"];
    assert_eq!(names, [&["id"][..], &groups].concat());
}

#[test]
fn list_apis_says_what_was_declared_to_those_who_may_call_it() {
    let commands: [&CommandDecl; 3] = [
        PrepareForShutdown::declaration(),
        ListVirtualMachines::declaration(),
        DeployVirtualMachine::declaration(),
    ];
    let all = list_apis(&commands, RoleType::Admin);
    assert_eq!(
        all.iter().map(|api| api["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["deployVirtualMachine", "listVirtualMachines", "prepareForShutdown"]
    );
    let deploy = &all[0];
    assert_eq!(deploy["description"], "Makes a VM and starts it.");
    assert_eq!(
        (&deploy["isasync"], &deploy["related"]),
        (&true.into(), &"listVirtualMachines".into())
    );
    let zone = &deploy["params"][0];
    assert_eq!(
        (&zone["type"], &zone["required"], &zone["length"]),
        (&"uuid".into(), &true.into(), &255.into())
    );
    assert_eq!(deploy["response"][2]["response"][0]["name"], "ipaddress");
    assert_eq!(all[1]["params"][0]["related"], "deployVirtualMachine,listVirtualMachines");
    assert!(all[1]["params"].as_array().unwrap().iter().any(|param| param["name"] == "pagesize"));

    let for_user = list_apis(&commands, RoleType::User);
    assert_eq!(for_user.len(), 2);
    assert!(
        !for_user[0]["params"].as_array().unwrap().iter().any(|param| param["name"] == "hostid")
    );
}

#[test]
fn a_shape_finds_fields_with_another_name_or_type() {
    let vm = serde_json::json!({"id": "x", "memory": "512", "nic": [{"ip": "1"}], "flavor": 1});
    let mut found = VM.violations(&vm);
    found.sort();
    assert_eq!(
        found,
        [
            "NicResponse.ip: not a field",
            "UserVmResponse.flavor: not a field",
            "UserVmResponse.memory: not a integer: \"512\""
        ]
    );
}

proptest! {
    #[test]
    fn no_request_makes_a_command_panic(pairs in proptest::collection::vec(
        (prop_oneof!["zoneid|hostid|networkids|details|startdate|enddate|share|count|page|pagesize", ".{0,12}",
            "details\\[.{0,4}\\]\\.?.{0,3}"], ".{0,24}"), 0..6)) {
        let params: Params = pairs.into_iter().collect();
        let _ = DeployVirtualMachine::parse(&params, RoleType::User);
        let _ = ListVirtualMachines::parse(&params, RoleType::Admin);
    }
}
