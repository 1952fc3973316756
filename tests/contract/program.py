"""The program under test: its simulator, and its gateway connected to it through a recorder."""

import base64
import http.client
import json
import re
import secrets
import subprocess
from contextlib import contextmanager
from urllib.parse import urlsplit

PERMISSIONS = (
    "directory:read",
    "activity:read",
    "licenses:read",
    "audit:read",
    "users:delete",
    "users:manage",
    "integrations:manage",
)


@contextmanager
def started(command, stream, wanted):
    """Runs `command` and gives what `wanted` makes of the first line of its `stream` that it makes something of."""
    process = subprocess.Popen(command, text=True, **{stream: subprocess.PIPE})
    try:
        for line in getattr(process, stream):
            found = wanted(line)
            if found is not None:
                break
        else:
            raise SystemExit(f"{command[1]} ended before it was ready")
        # Goes on reading, so that a full pipe does not stop the program.
        drain = subprocess.Popen(["cat"], stdin=getattr(process, stream), stdout=subprocess.DEVNULL)
        yield found
        process.terminate()
        process.wait(timeout=30)
        drain.wait(timeout=30)
    finally:
        process.kill()


def simulator(program, people=60):
    command = [program, "simulator", "--listen", "127.0.0.1:0", "--people", str(people), "--seed", "7"]
    return started(command, "stdout", json.loads)


def gateway(program, settings):
    command = [program, "serve", "--config", str(settings), "--listen", "127.0.0.1:0"]

    def address(line):
        found = re.search(r"Listening on (http://[\d.:]+)", line)
        return found and found[1]

    return started(command, "stderr", address)


class Direct:
    """Stands where a recorder would, and records nothing."""

    def in_front_of(self, origin):
        return origin


def write_settings(folder, simulated, recorder, more=()):
    """A gateway's settings that send every call through the recorder, and more lines of sections of their own."""
    sites = [recorder.in_front_of(origin_of(each["adminUrl"])) for each in simulated["organizations"]]
    lines = [
        "[auth]",
        f"secret = {json.dumps(secrets.token_urlsafe(48))}",
        "[store]",
        f"path = {json.dumps(str(folder / 'headcount.db'))}",
        f"master_key = {json.dumps(base64.b64encode(secrets.token_bytes(32)).decode())}",
        "[atlassian]",
        f"api_url = {json.dumps(recorder.in_front_of(origin_of(simulated['api'])))}",
        f"allowed_origins = {json.dumps(sites)}",
    ]
    for number, (organization, site) in enumerate(zip(simulated["organizations"], sites)):
        lines += [
            "[[integrations]]",
            f'id = "organization-{number}"',
            f"label = {json.dumps(organization['label'])}",
            f"admin_email = {json.dumps(organization['adminEmail'])}",
            f"api_token = {json.dumps(organization['apiToken'])}",
            f"admin_url = {json.dumps(site)}",
            f"organization_id = {json.dumps(organization['organizationId'])}",
            f"organization_api_key = {json.dumps(organization['organizationApiKey'])}",
        ]
    lines += more
    settings = folder / "headcount.toml"
    settings.write_text("\n".join(lines) + "\n")
    return settings


def token(program, settings):
    command = [program, "token", "--config", str(settings), "--subject", "contract", "--integration", "*"]
    for permission in PERMISSIONS:
        command += ["--permission", permission]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def origin_of(address):
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def ask(origin, method, target, headers=None, body=None):
    """Status and parsed body, `None` where it is not JSON."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=120)
    try:
        content = None if body is None else json.dumps(body)
        kind = {} if body is None else {"content-type": "application/json"}
        connection.request(method, target, content, {"accept": "application/json", **kind, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, None
