#!/usr/bin/env python3
"""Holds every way to the licence figures against every other one, on an organization of 20,000 people and a smaller one.

GraphQL, the feeds as CSV, NDJSON, JSON and Parquet, OData read by a client that knows nothing of this project, Prometheus'
gauges, the files of `headcount export`, and everybody's seats counted in DuckDB have to tell the same numbers. The program is
the real one: `serve` beside `simulator`.
"""

import argparse
import csv
import importlib.util
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from urllib.request import Request, urlopen

import duckdb
from odata import ODataService
from prometheus_client.parser import text_string_to_metric_families

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "contract"))
import program  # noqa: E402

# As the feeds call the figures, and as GraphQL does.
FIGURES = {
    "purchased": "purchased",
    "used": "used",
    "active": "active",
    "inactive": "inactive",
    "never_used": "neverUsed",
    "unknown": "unknown",
    "needed": "needed",
    "reclaimable": "reclaimable",
}
# Those that everybody's seats can be counted to.
COUNTED = ("used", "active", "inactive", "never_used", "unknown", "reclaimable")
USAGE = "{ licenseUsage { rows { product { resourceId } %s } unavailable { code } } }" % " ".join(FIGURES.values())
SETTINGS = ("[feeds]", 'wait = "60s"', "[licenses]", "snapshots = false", 'metrics_refresh = "0s"')
# A figure that changes because somebody became idle meanwhile is no disagreement.
ATTEMPTS = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the headcount binary")
    parser.add_argument("--people", type=int, default=20_000, help="people of the larger organization")
    arguments = parser.parse_args()
    duckdb.sql("SET enable_progress_bar = false")
    with tempfile.TemporaryDirectory(prefix="headcount-bi-") as folder:
        folder = pathlib.Path(folder)
        with program.simulator(arguments.program, arguments.people) as simulated:
            settings = program.write_settings(folder, simulated, program.Direct(), SETTINGS)
            token = program.token(arguments.program, settings)
            with program.gateway(arguments.program, settings) as address:
                gateway = Gateway(address, token, simulated["control"])
                for _ in range(ATTEMPTS):
                    before = gateway.graphql()
                    told = everything(gateway, arguments.program, settings, folder)
                    if gateway.graphql() == before:
                        return verdict(before, told, gateway)
    print("error: the figures changed with the time in each attempt", file=sys.stderr)
    return 1


class Gateway:
    """The gateway, and a count of what it asks the simulator."""

    def __init__(self, address, token, control):
        self.address = address
        self.token = token
        self.control = control
        self.upstream = Counter()
        self.seconds = {}

    def get(self, path):
        """The body of an answer, whole."""
        headers = {"authorization": f"Bearer {self.token}", "accept-encoding": "identity"}
        with urlopen(Request(self.address + path, headers=headers), timeout=300) as answer:
            return answer.read()

    def graphql(self):
        answer = self.ask(USAGE)["licenseUsage"]
        if answer["unavailable"]:
            raise SystemExit(f"error: not all organizations could be read: {answer['unavailable']}")
        each = answer["rows"]
        return {row["product"]["resourceId"]: {ours: row[theirs] for ours, theirs in FIGURES.items()} for row in each}

    def ask(self, query):
        headers = {"authorization": f"Bearer {self.token}"}
        status, answer = program.ask(self.address, "POST", "/graphql", headers, {"query": query})
        if status != 200 or answer.get("errors"):
            raise SystemExit(f"error: GraphQL answered {status}: {answer}")
        return answer["data"]

    def requests(self):
        with urlopen(f"{self.control}requests", timeout=60) as answer:
            return json.load(answer)

    def timed(self, name, work):
        began, before = time.monotonic(), self.requests()["total"]
        found = work()
        self.upstream[name] = self.requests()["total"] - before
        self.seconds[name] = time.monotonic() - began
        return found


def everything(gateway, binary, settings, folder):
    """The figures by the way on which they came: for each product a number, or none where the truth is not known."""
    told = {}
    ways = {
        "usage.csv": lambda: from_rows(csv_rows(gateway.get("/feeds/license_usage.csv"))),
        "usage.ndjson": lambda: from_rows(map(json.loads, gateway.get("/feeds/license_usage.ndjson").splitlines())),
        "usage.json": lambda: from_rows(json.loads(gateway.get("/feeds/license_usage.json"))),
        "usage.parquet": lambda: from_parquet(gateway, folder),
        "odata": lambda: from_odata(gateway),
        "metrics": lambda: from_metrics(gateway),
        "history.csv": lambda: from_history(gateway),
        "export.csv": lambda: from_rows(csv_rows(exported(binary, settings, "license_usage", folder / "usage.csv").read_bytes())),
        "export.parquet": lambda: from_query(f"'{exported(binary, settings, 'license_usage', folder / 'usage.parquet')}'"),
        "access.csv": lambda: counted(saved(gateway, folder, "csv"), "read_csv"),
        "access.ndjson": lambda: counted(saved(gateway, folder, "ndjson"), "read_json"),
        "access.parquet": lambda: counted(saved(gateway, folder, "parquet"), "read_parquet"),
    }
    extension = httpfs()
    if extension:
        ways["duckdb http"] = lambda: from_http(gateway, extension)
    else:
        print("DuckDB's httpfs is not here: nothing is read straight over HTTP")
    for name, way in ways.items():
        told[name] = gateway.timed(name, way)
    return told


def csv_rows(body):
    return csv.DictReader(io.StringIO(body.decode(), newline=""))


def figure(value):
    return None if value is None or value == "" else int(value)


def from_rows(rows):
    return {row["resource_id"]: {name: figure(row[name]) for name in FIGURES} for row in rows}


def from_query(source, connection=duckdb):
    found = connection.sql(f"SELECT resource_id, {', '.join(FIGURES)} FROM {source}").fetchall()
    return {resource: dict(zip(FIGURES, figures)) for resource, *figures in found}


def from_parquet(gateway, folder):
    path = folder / "license_usage.parquet"
    path.write_bytes(gateway.get("/feeds/license_usage.parquet"))
    return from_query(f"'{path}'")


def from_http(gateway, extension):
    connection = duckdb.connect()
    connection.load_extension(str(extension))
    connection.sql(f"CREATE SECRET (TYPE http, BEARER_TOKEN '{gateway.token}')")
    return from_query(f"read_parquet('{gateway.address}/feeds/license_usage.parquet')", connection)


def httpfs():
    """The extension, where its package is installed."""
    package = importlib.util.find_spec("duckdb_extension_httpfs")
    if package is None:
        return None
    return next(pathlib.Path(package.submodule_search_locations[0]).rglob("httpfs.duckdb_extension"), None)


def from_odata(gateway):
    service = ODataService(f"{gateway.address}/odata/v4/", reflect_entities=True, auth=("anybody", gateway.token))
    usage = service.entities["license_usage"]
    rows = service.query(usage).all()
    return {row.resource_id: {name: figure(getattr(row, name)) for name in FIGURES} for row in rows}


def from_metrics(gateway):
    told = {}
    for family in text_string_to_metric_families(gateway.get("/metrics").decode()):
        for sample in family.samples:
            if sample.name == "headcount_license_seats":
                figures = told.setdefault(sample.labels["resource_id"], dict.fromkeys(FIGURES))
                if sample.labels["state"] in FIGURES:
                    figures[sample.labels["state"]] = int(sample.value)
    return told


def from_history(gateway):
    gateway.ask("mutation { takeLicenseSnapshot { snapshots { used } } }")
    return from_rows(csv_rows(gateway.get("/feeds/license_history.csv")))


def exported(binary, settings, table, path):
    """Through a process of its own, which reads the organizations itself."""
    command = [binary, "export", table, "--config", str(settings), "--format", path.suffix[1:], "--out", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


def saved(gateway, folder, kind):
    path = folder / f"product_access.{kind}"
    path.write_bytes(gateway.get(f"/feeds/product_access.{kind}"))
    return path


def counted(path, reader):
    """Everybody's seats, counted."""
    found = duckdb.sql(
        f"""SELECT resource_id, count(*), count(*) FILTER (usage = 'active'), count(*) FILTER (usage = 'inactive'),
            count(*) FILTER (usage = 'never_used'), count(*) FILTER (usage = 'unknown'), count(*) FILTER (is_reclaimable)
            FROM {reader}('{path}') WHERE holds_seat GROUP BY resource_id"""
    ).fetchall()
    return {resource: dict(zip(COUNTED, figures)) for resource, *figures in found}


def verdict(expected, told, gateway):
    """Prints the totals and every difference."""
    complaints = []
    columns = list(FIGURES)
    print(f"{len(expected)} products; sums over those of which the figure is known")
    print(f"  {'':15}{''.join(f'{name:>13}' for name in columns)}{'seconds':>9}{'upstream':>9}")
    for name, figures in {"GraphQL": expected, **told}.items():
        of_people = name.startswith("access.")
        names = COUNTED if of_people else columns
        sums = {column: total(figures, column) if column in names else "" for column in columns}
        cost = f"{gateway.seconds[name]:9.1f}{gateway.upstream[name]:9}" if name in gateway.seconds else ""
        print(f"  {name:15}{''.join(f'{sums[column]:>13}' for column in columns)}{cost}")
        complaints += differences(name, expected, figures, names, of_people)
    total_requests = gateway.requests()["total"]
    print(f"{total_requests} requests to Atlassian's simulator in the whole run")
    if not expected or not total(expected, "used"):
        complaints.append("nobody holds a seat, so that nothing was compared")
    for complaint in complaints:
        print(f"error: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


def total(figures, column):
    return sum(each[column] for each in figures.values() if each.get(column) is not None)


def differences(name, expected, figures, columns, of_people):
    if not of_people and set(figures) != set(expected):
        yield f"{name} has other products than GraphQL: {set(figures) ^ set(expected)}"
        return
    for resource, row in expected.items():
        for column in columns:
            found = figures.get(resource, {}).get(column, 0 if of_people else None)
            # Where activity is told of nobody, there is nothing to count against.
            if found != row[column] and not (of_people and row[column] is None):
                yield f"{name} tells {found} {column} of {resource}, GraphQL {row[column]}"


if __name__ == "__main__":
    sys.exit(main())
