"""A release is what its tag says, its links work on the index, and the workflow that publishes it is well-formed."""

import re
import subprocess
import sys

import pytest
from support import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import metadata
import release

CHANGELOG = "# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-11-26\n\n### Added\n\n- Something.\n"


def test_a_tag_of_the_version_with_a_section_of_its_own_can_be_released():
    assert release.faults("v0.2.0", "0.2.0", CHANGELOG) == []


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "said"),
    [
        ("0.2.0", "0.2.0", CHANGELOG, "the tag must be v0.2.0"),
        ("v0.3.0", "0.2.0", CHANGELOG, "the tag must be v0.2.0"),
        ("v0.3.0", "0.3.0", CHANGELOG, "no section '## 0.3.0 - YYYY-MM-DD'"),
        ("v0.2.0", "0.2.0", CHANGELOG.replace(" - 2026-11-26", ""), "no section"),
        ("v0.2.0", "0.2.0", CHANGELOG.partition("### Added")[0], "no section"),
        ("v0.2.0", "0.2.0", CHANGELOG.replace("Unreleased\n", "Unreleased\n\n- More.\n"), "next version"),
        ("v0.3.0", "0.3.0", CHANGELOG.replace("Unreleased\n", "Unreleased\n\n- More.\n"), "section '## 0.3.0 - "),
        ("v0.2.0", "0x2.0", CHANGELOG, "no section"),
    ],
)
def test_what_is_not_ready_is_named(tag, version, changelog, said):
    assert said in "\n".join(release.faults(tag, version, changelog))


def test_links_lead_into_the_repository_and_images_to_what_it_serves():
    text = "[a](docs/a.md#b) ![c d](docs/c.svg) [e](#f) [g](https://example.com/h)"
    assert metadata.with_links(text, "https://host/own/blob/v1") == (
        "[a](https://host/own/blob/v1/docs/a.md#b) ![c d](https://host/own/raw/v1/docs/c.svg) [e](#f) "
        "[g](https://example.com/h)"
    )


@pytest.mark.parametrize("address", [None, "https://host/own"])
def test_the_package_says_where_the_project_lives_when_the_build_knows_it(address, monkeypatch):
    monkeypatch.delenv("PROJECT_URL", raising=False)
    if address:
        monkeypatch.setenv("PROJECT_URL", address)
    hook = metadata.CustomMetadataHook(str(ROOT), {})
    found = {"version": "1.0"}
    hook.update(found)
    assert found["urls"].get("Source") == address
    assert found["readme"]["content-type"] == "text/markdown"
    relative = re.findall(r"\]\((?!https:|#)[^)]+\)", found["readme"]["text"])
    assert bool(relative) is (address is None)


def test_the_example_of_the_front_page_is_what_a_release_is_tried_out_with():
    assert "DocumentClassificationPipeline(" in release.example((ROOT / "README.md").read_text())


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))


@pytest.mark.parametrize(
    ("schema", "files"),
    [("vendor.github-workflows", WORKFLOWS), ("vendor.github-issue-forms", FORMS)],
    ids=["workflows", "forms"],
)
def test_the_files_of_the_host_are_well_formed(schema, files):
    assert files
    result = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_the_workflow_runs_what_the_makefile_has_and_only_publishing_may_speak_for_the_project():
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert "release:" in (ROOT / "Makefile").read_text()
    assert "make release TAG=" in text
    assert text.count("id-token: write") == 1
    assert text.index("publish:") < text.index("id-token: write")


def test_a_pull_request_is_judged_by_what_judges_a_release_and_may_only_read():
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    assert "- run: .ci/run" in text
    assert "pull_request:" in text
    assert re.findall(r"(\S+): (?:read|write)\b", text) == ["contents"]
    assert "contents: read" in text


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_begins_without_rights_or_secrets_and_names_actions_by_their_commits(file):
    text = file.read_text()
    assert "\npermissions: {}\n" in text
    assert "secrets." not in text
    assert "pull_request_target" not in text
    used = re.findall(r"uses: (\S+)@(.*)", text)
    assert used
    assert [name for name, at in used if not re.fullmatch(r"[0-9a-f]{40} # v[\d.]+", at)] == []
