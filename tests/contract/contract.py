#!/usr/bin/env python3
"""Holds both ends of the line to Atlassian's OpenAPI documents.

1. Every operation that the program uses is asked of the simulator; its answers must be what the documents say.
2. The gateway, connected to the simulator through a recording proxy, answers GraphQL queries; what it sends must be what
   the documents allow: operation, parameters, body, limits, nothing unknown.

The documents are Atlassian's and not part of this project. HEADCOUNT_SPECS names their folder; without them nothing can be
checked, and that is said.
"""

import argparse
import os
import pathlib
import re
import sys
import tempfile
import tomllib
from collections import Counter
from fnmatch import fnmatchcase

import program
from calls import drive
from recorder import Recorder
from specifications import Specifications

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the headcount binary")
    arguments = parser.parse_args()
    folder = pathlib.Path(os.environ.get("HEADCOUNT_SPECS", ROOT.parent / "shared/atlassian/specs"))
    if not folder.is_dir():
        print("SKIPPED: Atlassian's OpenAPI documents are not here; name their folder in HEADCOUNT_SPECS")
        return 0
    verdict = Verdict(Specifications(folder))
    recorder = Recorder()
    try:
        with program.simulator(arguments.program) as simulated:
            for organization in simulated["organizations"]:
                drive(simulated, organization, recorder, verdict)
                for exchange in recorder.taken():
                    verdict.add("the simulator", exchange, of_request=False)
            query_gateway(arguments.program, simulated, recorder, verdict)
            for exchange in recorder.taken():
                verdict.add("the gateway", exchange, of_request=True)
    finally:
        recorder.close()
    return verdict.say()


# What the other queries ask about: ids as the gateway gives them.
START = """{
  integrations { nodes { id } }
  users(first: 30, filter: { membershipStatus: [ACTIVE] }) { nodes { id accountId email integration { id } } }
  groups(first: 3) { nodes { id } }
}"""


DELETE = """mutation ($user: ID!) {
  deleteUser(input: { userId: $user, reason: "the contract" }) { deletion { id state } userErrors { code } }
}"""


def query_gateway(binary, simulated, recorder, verdict):
    """Runs GraphiQL's examples and this folder's queries, each for the calls that it makes."""
    queries = sorted([*(ROOT / "ui/src/examples").glob("*.graphql"), *HERE.glob("queries/*.graphql")])
    with tempfile.TemporaryDirectory(prefix="headcount-contract-") as folder:
        settings = program.write_settings(pathlib.Path(folder), simulated, recorder)
        headers = {"authorization": f"Bearer {program.token(binary, settings)}", "cache-control": "no-cache"}
        with program.gateway(binary, settings) as address:

            def run(name, query, variables):
                body = {"query": query, "variables": variables}
                status, answer = program.ask(address, "POST", "/graphql", headers, body)
                verdict.answered(name, status, answer)
                return answer

            variables = variables_from(run("the first query", START, {}))
            variables["deletion"] = deletion(run, variables)
            for query in queries:
                text = query.read_text()
                # What is followed makes no calls of its own.
                if not re.search(r"^subscription\b", text, re.MULTILINE):
                    run(query.name, text, variables)


def deletion(run, variables):
    """The id of a deletion that was begun: of the first person who may be deleted."""
    for user in variables["users"]:
        answer = run("a deletion", DELETE, {"user": user})
        found = answer["data"]["deleteUser"]["deletion"]
        if found and found["state"] == "SCHEDULED":
            return found["id"]
    raise SystemExit("error: nobody of the first people may be deleted")


def variables_from(answer):
    data = answer["data"]
    people = data["users"]["nodes"]
    addresses = [person["email"] for person in people if person["email"]]
    return {
        "integration": people[0]["integration"]["id"],
        "user": people[0]["id"],
        "users": [person["id"] for person in people],
        "accountId": people[0]["accountId"],
        "accountIds": [person["accountId"] for person in people],
        "email": addresses[0],
        "emails": addresses,
        "group": data["groups"]["nodes"][0]["id"],
        "groups": [group["id"] for group in data["groups"]["nodes"]],
    }


class Verdict:
    """All complaints, and which of them are allowed."""

    def __init__(self, specifications):
        self.specifications = specifications
        self.deviations = tomllib.loads((HERE / "deviations.toml").read_text()).get("deviation", [])
        self.checked = Counter()
        self.complaints = Counter()
        self.allowed = Counter()
        self.failures = []

    def add(self, who, exchange, of_request):
        name, complaints = self.specifications.judge(exchange, of_request)
        self.checked[who, name] += 1
        for complaint in complaints:
            reason = self.reason_for(complaint)
            if reason:
                self.allowed[reason] += 1
            else:
                self.complaints[f"{who}: {complaint}"] += 1

    def reason_for(self, complaint):
        for each in self.deviations:
            if all(fnmatchcase(getattr(complaint, key), each.get(key, "*")) for key in ("operation", "where", "message")):
                return each["reason"]
        return None

    def expected(self, what, status, wanted):
        """Notes an answer of the simulator with another status than the one that was asked for."""
        if status != wanted:
            self.failures.append(f"the simulator answered {status} where {wanted} was expected: {what}")

    def answered(self, name, status, answer):
        """A query that the gateway does not even run checks nothing."""
        if status != 200 or not answer or answer.get("data") is None:
            said = [error.get("message") for error in (answer or {}).get("errors", [])]
            self.failures.append(f"the gateway did not run {name}: HTTP {status} {said}")

    def say(self):
        for who in ("the simulator", "the gateway"):
            counts = {name: count for (by, name), count in self.checked.items() if by == who}
            print(f"\n{who}: {sum(counts.values())} exchanges over {len(counts)} operations")
            for name, count in sorted(counts.items()):
                print(f"  {count:4} {name}")
            if not counts:
                self.failures.append(f"nothing was recorded of {who}")
        for reason, count in self.allowed.items():
            print(f"allowed {count:4} times: {reason}")
        for complaint, count in sorted(self.complaints.items()):
            print(f"error: {complaint} ({count} times)", file=sys.stderr)
        for failure in self.failures:
            print(f"error: {failure}", file=sys.stderr)
        failed = len(self.complaints) + len(self.failures)
        print(f"\n{sum(self.checked.values())} exchanges checked, {failed} complaints")
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
