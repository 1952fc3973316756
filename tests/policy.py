#!/usr/bin/env python3
"""Holds the dependencies to deny.toml: licences, banned crates, duplicates, sources; and finds unused ones.

It reads the parts of cargo-deny's file that it names below, so that whoever has cargo-deny can run that on the same
file. Here it stands in because building cargo-deny takes longer than everything else that ./test does.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib
from collections import defaultdict

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = re.compile(r"\(|\)|[^\s()]+")


def cargo(*arguments):
    command = ["cargo", *arguments, "--locked"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def built(triple):
    """Name and version of every crate that is really compiled; `cargo metadata` also lists features nobody turned on."""
    lines = cargo("tree", "--target", triple, "--edges", "normal,build,dev", "--prefix", "none").splitlines()
    return {(line.split()[0], line.split()[1].removeprefix("v")) for line in lines if line}


def is_allowed(expression, allowed):
    """Whether an SPDX expression can be met with the allowed licences alone. `a/b` is how old crates write `a OR b`."""
    tokens = TOKEN.findall(expression.replace("/", " OR "))

    def either():
        result = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            right = both()
            result = result or right
        return result

    def both():
        result = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            right = one()
            result = result and right
        return result

    def one():
        token = tokens.pop(0)
        if token == "(":
            result = either()
            tokens.pop(0)
            return result
        if tokens and tokens[0] == "WITH":
            token = " ".join([token, tokens.pop(0), tokens.pop(0)])
        return token in allowed

    return either()


def check_licenses(packages, rules):
    allowed = set(rules["allow"])
    excepted = {(each["crate"], name) for each in rules.get("exceptions", []) for name in each["allow"]}
    met = set()
    for package in packages:
        own = {license for crate, license in excepted if crate == package["name"]}
        license = package["license"]
        if not license:
            yield f"{package['name']} {package['version']} names no licence"
        elif not is_allowed(license, allowed | own):
            yield f"{package['name']} {package['version']} is under {license}, which [licenses] does not allow"
        elif not is_allowed(license, allowed):
            met.add(package["name"])
    for crate in sorted({crate for crate, _ in excepted} - met):
        yield f"the licence exception for {crate} is not needed any more"


def check_bans(packages, rules, wants):
    banned = {each["crate"]: each for each in rules["deny"]}
    skipped = {each["crate"] for each in rules.get("skip", [])}
    versions = defaultdict(set)
    for package in packages:
        versions[package["name"]].add(package["version"])
        if rule := banned.get(package["name"]):
            wanting = wants[package["id"]] - set(rule.get("wrappers", []))
            if wanting or "wrappers" not in rule:
                yield f"{package['name']} is banned: {rule['reason']} (wanted by {', '.join(sorted(wanting))})"
    twice = {name: found for name, found in versions.items() if len(found) > 1}
    for name, found in sorted(twice.items()):
        left = {version for version in found if f"{name}@{version}" not in skipped}
        if len(left) > 1:
            yield f"{name} is there in versions {', '.join(sorted(found))}; unify them, or skip the old one with a reason"
    for entry in sorted(skipped):
        name, _, version = entry.partition("@")
        if version not in twice.get(name, set()):
            yield f"the skipped duplicate {entry} is not there any more"


def check_sources(packages, _rules):
    for package in packages:
        source = package["source"] or ""
        if not (source.startswith("registry+") and source.endswith("/crates.io-index")):
            yield f"{package['name']} comes from {source or 'a path'}, not from crates.io"


def check_unused(root):
    ignored = set(((root["metadata"] or {}).get("cargo-machete") or {}).get("ignored", []))
    folders = {None: ["src"], "dev": ["src", "tests"], "build": ["build.rs"]}
    for dependency in root["dependencies"]:
        name = (dependency["rename"] or dependency["name"])
        if name in ignored:
            continue
        word = re.compile(rf"\b{name.replace('-', '_')}\b\s*(::|;|!|as\b)")
        files = [file for folder in folders[dependency["kind"]] for file in sources(ROOT / folder)]
        if not any(word.search(file.read_text()) for file in files):
            yield f"{name} is in Cargo.toml and nothing in {' or '.join(folders[dependency['kind']])} names it"


def sources(path):
    return [path] if path.is_file() else path.rglob("*.rs")


def main():
    policy = tomllib.loads((ROOT / "deny.toml").read_text())
    found = json.loads(cargo("metadata", "--format-version", "1"))
    root = next(package for package in found["packages"] if package["id"] == found["resolve"]["root"])
    compiled = built(policy["graph"]["targets"][0])
    packages = [
        package
        for package in found["packages"]
        if package is not root and (package["name"], package["version"]) in compiled
    ]
    names = {package["id"]: package["name"] for package in packages}
    wants = defaultdict(set)
    for node in found["resolve"]["nodes"]:
        if node["id"] in names or node["id"] == root["id"]:
            for dependency in node["deps"]:
                wants[dependency["pkg"]].add(names.get(node["id"], root["name"]))
    complaints = [
        *check_licenses(packages, policy["licenses"]),
        *check_bans(packages, policy["bans"], wants),
        *check_sources(packages, policy["sources"]),
        *check_unused(root),
    ]
    for complaint in complaints:
        print(f"error: {complaint}", file=sys.stderr)
    print(f"{len(packages)} crates held to deny.toml, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
