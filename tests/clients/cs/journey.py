#!/usr/bin/env python3
"""One step through the client "cs", by its name: the cloud is named by CLOUD_... in the environment."""
import os
import sys

from cs import CloudStack, CloudStackApiException, CloudStackException

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Hz1V1kGk0dHJ1c3Rub29uZWF0YWxsZXZlcmV2ZXI0 snake"


def client(**more):
    settings = dict(endpoint=os.environ["CLOUD_ENDPOINT"], key=os.environ["CLOUD_API_KEY"],
                    secret=os.environ["CLOUD_SECRET_KEY"], poll_interval=0.2, job_timeout=60)
    settings.update(more)
    return CloudStack(**settings)


cs = client()


def vm(name="snake"):
    found = [one for one in cs.listVirtualMachines(name=name, fetch_list=True) if one["name"] == name]
    return found[0] if found else None


def where():
    return dict(zoneid=os.environ["CLOUD_ZONE_ID"], templateid=os.environ["CLOUD_TEMPLATE_ID"],
                serviceofferingid=os.environ["CLOUD_OFFERING_ID"])


def refused(status, call, **params):
    """The text with which a call is refused."""
    try:
        answer = call(**params)
    except CloudStackApiException as error:
        assert error.error["errorcode"] == status, error.error
        return error.error["errortext"]
    raise AssertionError(answer)


def places():
    zones = cs.listZones(available="true", fetch_list=True)
    assert [zone["id"] for zone in zones] == [os.environ["CLOUD_ZONE_ID"]], zones
    offerings = cs.listServiceOfferings(fetch_list=True)
    assert os.environ["CLOUD_OFFERING_ID"] in [one["id"] for one in offerings], offerings
    templates = cs.listTemplates(templatefilter="executable", fetch_list=True)
    assert os.environ["CLOUD_TEMPLATE_ID"] in [one["id"] for one in templates], templates


def deploy():
    for name in ("snake", "python", "adder"):
        job = cs.deployVirtualMachine(name=name, displayname=f"~{name} (ü)", fetch_result=True, **where())
        assert job["virtualmachine"]["state"] == "Running", job
    assert vm()["displayname"] == "~snake (ü)", vm()
    assert vm()["nic"][0]["ipaddress"], vm()


def pages():
    names = {one["name"] for one in cs.listVirtualMachines(fetch_list=True, pagesize=2)}
    assert {"snake", "python", "adder"} <= names, names
    page = cs.listVirtualMachines(page=1, pagesize=2)
    assert page["count"] >= 3 and len(page["virtualmachine"]) == 2, page


def stop():
    cs.stopVirtualMachine(id=vm()["id"], forced=True, fetch_result=True)
    assert vm()["state"] == "Stopped", vm()


def start():
    cs.startVirtualMachine(id=vm()["id"], fetch_result=True)
    assert vm()["state"] == "Running", vm()


def reboot():
    cs.rebootVirtualMachine(id=vm()["id"], fetch_result=True)
    assert vm()["state"] == "Running", vm()


def job():
    job = cs.deployVirtualMachine(name="viper", startvm=False, **where())
    assert set(job) == {"id", "jobid"}, job
    while (result := cs.queryAsyncJobResult(jobid=job["jobid"]))["jobstatus"] == 0:
        pass
    assert (result["jobstatus"], result["jobresultcode"], result["jobresulttype"]) == (1, 0, "object"), result
    assert result["jobresult"]["virtualmachine"]["id"] == job["id"] == result["jobinstanceid"], result
    assert result["jobresult"]["virtualmachine"]["state"] == "Stopped", result


def post():
    posting = client(method="post")
    assert posting.listZones(fetch_list=True), "by POST"
    assert posting.listVirtualMachines(id=vm()["id"])["count"] == 1


def missing():
    text = refused(431, cs.deployVirtualMachine, name="cobra")
    assert "due to missing parameter" in text, text


def unknown():
    text = refused(431, cs.stopVirtualMachine, id="5b4f40a7-1a2c-4b0c-8d2c-111111111111")
    assert "Invalid parameter id value=5b4f40a7-1a2c-4b0c-8d2c-111111111111" in text, text


def credentials():
    text = refused(401, client(secret="wrong").listZones)
    assert "unable to verify user credentials" in text, text


def failure():
    big = cs.createServiceOffering(name="whale", displaytext="more than any host has", cpunumber=4, cpuspeed=1000,
                                   memory=1 << 20)["serviceoffering"]
    try:
        cs.deployVirtualMachine(name="whale", fetch_result=True, **{**where(), "serviceofferingid": big["id"]})
    except CloudStackException as error:
        assert "533" in str(error) or "capacity" in str(error).lower(), error
    else:
        raise AssertionError("no host has that much memory")
    finally:
        left = vm("whale")
        if left:
            cs.destroyVirtualMachine(id=left["id"], expunge=True, fetch_result=True)
        cs.deleteServiceOffering(id=big["id"])


def keypair():
    cs.registerSSHKeyPair(name="snake", publickey=KEY)
    assert [one["name"] for one in cs.listSSHKeyPairs(name="snake", fetch_list=True)] == ["snake"]
    cs.deleteSSHKeyPair(name="snake")
    assert cs.listSSHKeyPairs(name="snake", fetch_list=True) == []


def destroy():
    for name in ("snake", "python", "adder", "viper"):
        cs.destroyVirtualMachine(id=vm(name)["id"], expunge=True, fetch_result=True)
        assert vm(name) is None, vm(name)


globals()[sys.argv[1]]()
