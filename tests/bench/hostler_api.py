"""The query API and the daemons' memory, for the benchmarks: nothing but Python's own library."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import time
import urllib.parse


def settings(path):
    """KEY=value lines, as the manager writes them for clients."""
    lines = (line.strip().split("=", 1) for line in open(path) if "=" in line)
    return {name: value.strip('"') for name, value in lines}


class Api:
    """Signed calls over one connection that is kept open."""

    def __init__(self, endpoint, key, secret):
        url = urllib.parse.urlparse(endpoint)
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        self.path, self.key, self.secret = url.path, key, secret

    def query(self, command, **params):
        """The signed query of a call."""
        params = {**params, "command": command, "apiKey": self.key, "response": "json"}
        quoted = sorted(
            (name, urllib.parse.quote(str(value), safe="*")) for name, value in params.items()
        )
        text = "&".join(f"{name}={value}" for name, value in quoted)
        ordered = "&".join(sorted(text.lower().split("&")))
        digest = hmac.new(self.secret.encode(), ordered.encode(), hashlib.sha1).digest()
        return text + "&signature=" + urllib.parse.quote(base64.b64encode(digest).decode(), safe="")

    def call(self, command, **params):
        """What stands under the one key of the answer."""
        self.connection.request("GET", f"{self.path}?{self.query(command, **params)}")
        answer = self.connection.getresponse()
        body = json.loads(answer.read())
        (body,) = body.values()
        if answer.status != 200:
            raise RuntimeError(f"{command}: {answer.status} {body}")
        return body

    def one(self, command, key, **params):
        """The first thing of a list; None if there is none."""
        return (self.call(command, **params).get(key) or [None])[0]

    def job(self, command, **params):
        """An asynchronous call, followed to its end: the ids of its thing and its job, and its result."""
        begun = self.call(command, **params)
        return begun.get("id"), begun["jobid"], self.wait(begun["jobid"])

    def wait(self, job, limit=300):
        """The result of a job."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            state = self.call("queryAsyncJobResult", jobid=job)
            if state["jobstatus"] == 1:
                return state["jobresult"]
            if state["jobstatus"] != 0:
                raise RuntimeError(f"job {job}: {state['jobresult']}")
            time.sleep(0.02)
        raise RuntimeError(f"job {job} does not end")


def resident_mib(pid):
    """Resident memory of a process now, and the most it ever was."""
    status = open(f"/proc/{pid}/status").read()
    now, most = (re.search(rf"{field}:\s+(\d+)", status).group(1) for field in ("VmRSS", "VmHWM"))
    return int(now) / 1024, int(most) / 1024
