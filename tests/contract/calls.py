"""The calls that ask the simulator for everything that the program uses of Atlassian."""

import base64
from urllib.parse import quote, urlencode, urlsplit

from program import ask, origin_of

EVERYTHING = ["platformRoles", "counts.resources", "productAccess", "groups"]


class Caller:
    """Asks one simulated organization, through the recorder, with its own credentials."""

    def __init__(self, simulated, organization, recorder, verdict):
        self.api = recorder.in_front_of(origin_of(simulated["api"]))
        self.site = recorder.in_front_of(origin_of(organization["adminUrl"]))
        self.key = organization["organizationApiKey"]
        basic = f"{organization['adminEmail']}:{organization['apiToken']}".encode()
        self.basic = f"Basic {base64.b64encode(basic).decode()}"
        self.id = organization["organizationId"]
        self.verdict = verdict

    def organization(self, method, path, query=(), body=None, wanted=200, key=None):
        """A call of the organization API; `path` comes after the organization's id."""
        version, _, rest = path.partition("/")
        target = f"/admin/{version}/orgs/{self.id}{'/' if rest else ''}{rest}"
        return self.call(self.api, method, target, query, body, wanted, f"Bearer {key or self.key}")

    def account(self, method, account, path, query=(), wanted=200):
        target = f"/users/{quote(account, safe='')}/manage{path}"
        return self.call(self.api, method, target, query, None, wanted, f"Bearer {self.key}")

    def jira(self, path, query=(), wanted=200):
        return self.call(self.site, "GET", f"/rest/api/3/{path}", query, None, wanted, self.basic)

    def call(self, origin, method, target, query, body, wanted, credential):
        if query:
            target += "?" + urlencode(query)
        status, answer = ask(origin, method, target, {"authorization": credential}, body)
        if wanted is not None:
            self.verdict.expected(f"{method} {target.split('?')[0]}", status, wanted)
        return answer if status == 200 else {}


def drive(simulated, organization, recorder, verdict):
    """Asks for everything once, and for second pages where there are some."""
    caller = Caller(simulated, organization, recorder, verdict)
    organization_calls(caller)
    people = user_calls(caller)
    group_calls(caller)
    workspace_calls(caller)
    account_calls(caller, people)
    jira_calls(caller)
    refused_calls(caller)


def organization_calls(caller):
    caller.call(caller.api, "GET", "/admin/v1/orgs", (), None, 200, f"Bearer {caller.key}")
    caller.organization("GET", "v1")
    caller.organization("GET", "v1/domains")
    # An organization whose plan has no audit log answers 403 to the three that read it.
    for path, wanted in (("v1/users", 200), ("v1/events", None)):
        page = caller.organization("GET", path, wanted=wanted)
        following = (page.get("links") or {}).get("next")
        if following:
            parts = urlsplit(following)
            caller.call(caller.api, "GET", f"{parts.path}?{parts.query}", (), None, 200, f"Bearer {caller.key}")
    stream = caller.organization("GET", "v1/events-stream", {"limit": 5, "sortOrder": "desc"}, wanted=None)
    cursor = (stream.get("meta") or {}).get("next")
    if cursor:
        caller.organization("GET", "v1/events-stream", {"cursor": cursor, "limit": 5})
    caller.organization("GET", "v1/event-actions", wanted=None)
    page = caller.organization("GET", "v2/directories", {"limit": 1})
    follow(caller, "v2/directories", page)


def user_calls(caller):
    users = "v2/directories/-/users"
    search = f"{users}/search"
    page = caller.organization("POST", search, body={"limit": 20, "expand": EVERYTHING})
    cursor = (page.get("links") or {}).get("next")
    if cursor:
        caller.organization("POST", search, body={"limit": 20, "expand": EVERYTHING, "cursor": cursor})
    people = page.get("data", [])
    addresses = [person["email"] for person in people if person.get("email")]
    for body in (
        {},
        {"emails": addresses[:3]},
        {"accountIds": [person["accountId"] for person in people[:3]], "expand": ["groups"]},
        {"searchTerm": people[0]["name"][:3]},
        {"status": ["suspended", "not_invited", "deactivated", "for_deletion"], "expand": EVERYTHING},
        {"accountStatus": ["inactive", "closed"], "claimStatus": "managed", "mfaEnabled": True},
        {"membershipStatus": ["no_membership"], "sortBy": [{"field": "nick_name", "direction": "desc"}]},
        {"roleIds": ["atlassian/org-admin"], "expand": ["platformRoles"]},
    ):
        caller.organization("POST", search, body=body)
    page = caller.organization("GET", users, {"limit": 5})
    follow(caller, users, page)
    caller.organization("GET", f"{users}/count", {"status": "active"})
    caller.organization("GET", f"{users}/stats")
    for person in people[:5]:
        one = f"{users}/{quote(person['accountId'], safe='')}"
        caller.organization("GET", one)
        page = caller.organization("GET", f"{one}/role-assignments", {"limit": 1})
        follow(caller, f"{one}/role-assignments", page)
    return people


def group_calls(caller):
    groups = "v2/directories/-/groups"
    body = {"limit": 3, "expand": ["counts.resources", "counts.users"]}
    page = caller.organization("POST", f"{groups}/search", body=body)
    cursor = (page.get("links") or {}).get("next")
    if cursor:
        caller.organization("POST", f"{groups}/search", body={**body, "cursor": cursor})
    caller.organization("POST", f"{groups}/search", body={"searchTerm": "no such group"})
    caller.organization("GET", groups, {"limit": 3})
    caller.organization("GET", f"{groups}/count")
    caller.organization("GET", f"{groups}/stats")
    for group in page.get("data", []):
        caller.organization("GET", f"{groups}/{group['id']}")
        caller.organization("GET", f"{groups}/{group['id']}/role-assignments", {"limit": 1})


def workspace_calls(caller):
    page = caller.organization("POST", "v2/workspaces", body={"limit": 2})
    following = (page.get("links") or {}).get("next")
    if following:
        caller.organization("POST", "v2/workspaces", body={"cursor": following.rpartition("cursor=")[2]})
    only_confluence = {"field": {"name": "attributes.typeKey", "values": ["confluence"]}}
    caller.organization("POST", "v2/workspaces", body={"limit": 20, "query": only_confluence})


def account_calls(caller, people):
    """A key with scopes is refused by the user management API, so that both outcomes are right here."""
    for person in people[:8]:
        account = person["accountId"]
        caller.account("GET", account, "", {"privileges": "lifecycle.delete"}, wanted=None)
        caller.account("GET", account, "/profile", wanted=None)
        path = f"v1/directory/users/{quote(account, safe='')}/last-active-dates"
        caller.organization("GET", path, wanted=None)
    managed = next((person for person in people if person.get("claimStatus") == "managed"), None)
    if managed:
        for step in ("disable", "enable", "delete", "cancel-delete"):
            caller.account("POST", managed["accountId"], f"/lifecycle/{step}", wanted=None)


def jira_calls(caller):
    for role in caller.jira("applicationrole"):
        caller.jira(f"applicationrole/{role['key']}")
    caller.jira("myself", {"expand": "groups,applicationRoles"})
    caller.jira("mypermissions", {"permissions": "ADMINISTER,USER_PICKER"})
    caller.jira("serverInfo")
    caller.jira("users/search", {"maxResults": 5})


def refused_calls(caller):
    caller.organization("GET", "v1", wanted=401, key="not-a-key")
    caller.organization("POST", "v2/directories/-/users/search", body={"limit": 1}, wanted=401, key="not-a-key")
    caller.organization("GET", "v1/users", {"cursor": "not-a-cursor"}, wanted=400)
    caller.organization("POST", "v2/directories/-/users/search", body={"limit": 1000}, wanted=400)
    caller.organization("GET", "v2/directories/-/users/nobody/role-assignments", wanted=404)
    caller.organization("GET", "v2/directories/-/groups/none", wanted=404)
    elsewhere = "/admin/v1/orgs/00000000-0000-4000-8000-000000000000"
    caller.call(caller.api, "GET", elsewhere, (), None, 404, f"Bearer {caller.key}")
    caller.jira("applicationrole/no-such-product", wanted=404)


def follow(caller, path, page):
    """Asks for the page after `page`, where `links.next` is a bare cursor."""
    cursor = (page.get("links") or {}).get("next")
    if cursor:
        caller.organization("GET", path, {"cursor": cursor})
