"""A release: what keeps one back, what it holds, and who may publish it.

The checkout is copied, and the copy gets a date in its changelog. Tags are pushed to a
repository beside it.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import faststream_otel
import releases

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
VERSION = faststream_otel.__version__
TAG = f"v{VERSION}"
SOURCE = "faststream_otel/__init__.py"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
REAL = "FASTSTREAM_OTEL_RELEASE"


def today() -> date:
    """The day, as the command sees it."""
    return datetime.now(timezone.utc).date()


# The date of the entry in the copies.
WRITTEN = today()
AHEAD = WRITTEN + timedelta(days=7)


def git(root: Path, *arguments: str) -> str:
    """Run git in a copy, as nobody in particular and with no settings."""
    who = {
        f"GIT_{role}_{what}": "nobody@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(
        ["git", *arguments],
        cwd=root,
        env={**os.environ, **who, **own},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def edit(path: Path, old: str, new: str) -> None:
    """Replace what is there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is in the checkout, with a dated changelog, all committed."""
    copy = tmp_path / "checkout"
    listed = ["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"]
    parts = ["faststream_otel", "scripts", "*.md", "*.toml", "*.py", ".ci", "LICENSE"]
    names = git(ROOT, *listed, *parts, ".gitignore").split("\0")
    for name in filter(None, names):
        # One that was deleted is listed until that is committed.
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    changes = copy / "CHANGELOG.md"
    dated = re.sub(
        rf"(?m)^## {VERSION}.*", f"## {VERSION} - {WRITTEN}", changes.read_text()
    )
    changes.write_text(dated)
    readme = copy / "README.md"
    words = releases.NOT_YET["README.md"]
    readme.write_text(readme.read_text().replace(words, "It is on PyPI"))
    git(copy, "init", "--quiet", "--initial-branch", "main")
    commit(copy)
    return copy


def commit(copy: Path) -> None:
    """Commit all of it."""
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message", "release: say so", "--allow-empty")


def release(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a copy."""
    command = [sys.executable, "scripts/release", *arguments]
    return subprocess.run(
        command, cwd=copy, capture_output=True, text=True, check=False
    )


def no_date(copy: Path) -> None:
    """Leave it as it is while versions are made."""
    edit(
        copy / "CHANGELOG.md", f"## {VERSION} - {WRITTEN}", f"## {VERSION} - Unreleased"
    )


def future(copy: Path) -> None:
    """Date it ahead."""
    edit(copy / "CHANGELOG.md", str(WRITTEN), str(AHEAD))


def no_entry(copy: Path) -> None:
    """Forget to write one."""
    edit(copy / "CHANGELOG.md", f"## {VERSION}", "## 0.0.9")


def no_text(copy: Path) -> None:
    """Say nothing."""
    path = copy / "CHANGELOG.md"
    head, found, _ = path.read_text().partition(f"## {VERSION} - {WRITTEN}\n")
    path.write_text(f"{head}{found}\n")


def no_changelog(copy: Path) -> None:
    """Have none."""
    (copy / "CHANGELOG.md").write_text("# Changelog\n")


def not_on_pypi(copy: Path) -> None:
    """Tell users of the first version that there is none."""
    with (copy / "README.md").open("a") as readme:
        readme.write(f"{releases.NOT_YET['README.md']}: ...\n")


def other_version(copy: Path) -> None:
    """Write half a version."""
    edit(copy / SOURCE, f'"{VERSION}"', '"9.8"')


# The command may say tomorrow's date: tests are run at midnight, too.
DATED = f"write `## {VERSION} - TODAY`"
MISTAKES: dict[Callable[[Path], None], str] = {
    no_date: f"{VERSION} has no date but 'Unreleased'; {DATED}",
    future: f"{AHEAD} is not yet; {DATED}",
    no_entry: f"CHANGELOG.md begins with 0.0.9, but {SOURCE} says {VERSION}",
    no_text: f"CHANGELOG.md says nothing of {VERSION}",
    no_changelog: f"CHANGELOG.md begins with nothing, but {SOURCE} says {VERSION}",
    not_on_pypi: f"README.md has `{releases.NOT_YET['README.md']}`, which is for a",
    other_version: "__version__ is '9.8', which is not of the form 1.2.3",
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.__name__)
def test_mistake(mistake: Callable[[Path], None], checkout: Path) -> None:
    """Each is refused, and says what to do; nothing is built."""
    mistake(checkout)
    commit(checkout)
    days = [today()]
    done = release(checkout, "--dry-run")
    days.append(today())
    assert done.returncode == 1
    said = [MISTAKES[mistake].replace("TODAY", str(day)) for day in days]
    assert any(each in done.stderr for each in said), done.stderr
    assert not (checkout / "dist").exists()


def test_what_holds_until_the_first_release() -> None:
    """It is found in the words that it has, or it says what it says afterwards."""
    afterwards = {
        "README.md": "pip install faststream-otel",
        "mkdocs.yml": "E, faststr",
    }
    for name, words in releases.NOT_YET.items():
        text = (ROOT / name).read_text()
        assert (words in text) != (afterwards[name] in text), name


def test_a_checkout_with_changes(checkout: Path) -> None:
    """New files and changed ones are named."""
    (checkout / "new.txt").touch()
    edit(checkout / "README.md", "\n", "\n\n")
    done = release(checkout, "--dry-run")
    assert done.returncode == 1
    assert re.search(r"Not as committed:\n ?M README.md\n\?\? new.txt", done.stderr)


def test_another_tag(checkout: Path) -> None:
    """The tag that GitHub was pushed is that of the version."""
    done = release(checkout, "--dry-run", "v9.8.7")
    assert done.returncode == 1
    assert f"The tag is v9.8.7, but {SOURCE} says {VERSION}" in done.stderr


def test_a_tag_that_is_another_commit(checkout: Path) -> None:
    """A version is released once."""
    git(checkout, "tag", "--annotate", "--message", "the first one", TAG)
    assert not list(releases.mistakes(checkout, TAG, today()))
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "more")
    done = release(checkout, "--dry-run", TAG)
    assert done.returncode == 1
    assert f"{TAG} is tagged already" in done.stderr


def test_all_mistakes_are_told_at_once(checkout: Path) -> None:
    """Nobody mends them one by one."""
    no_date(checkout)
    done = release(checkout, "--dry-run", "v9.8.7")
    assert done.stderr.count("\n- ") == 3


@pytest.fixture
def command(checkout: Path) -> dict[str, Any]:
    """What the command of the copy is made of."""
    return runpy.run_path(str(checkout / "scripts" / "release"))


def package(command: dict[str, Any], checkout: Path, **changed: str | None) -> Path:
    """Write a wheel and an sdist as they should be, but for some of their files."""
    listed = git(checkout, "ls-files", *command["SOURCES"]).split()
    extras = {*command["MODULES"], *command["NOT_FOR_USERS"]} - {""}
    metadata = "".join(f"Provides-Extra: {extra}\n" for extra in extras)
    files: dict[str, str | None] = {
        **dict.fromkeys(listed, ""),
        "x-1.dist-info/METADATA": metadata,
        **changed,
    }
    folder = checkout.parent / "packages"
    folder.mkdir()
    with (
        zipfile.ZipFile(folder / "x-1.whl", "w") as wheel,
        tarfile.open(folder / "x-1.tar.gz", "w:gz") as sdist,
    ):
        for name, text in files.items():
            if text is not None:
                wheel.writestr(name, text)
        for name in {*listed, *command["BESIDES"], *changed}:
            if files.get(name, "") is not None and ".dist-info/" not in name:
                sdist.addfile(tarfile.TarInfo(f"x-1/{name}"))
    return folder / "x-1.whl"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"tests/test_x.py": ""}, r"x-1.whl: has \['tests/test_x.py'\] too much"),
        ({"faststream_otel/nats.py": None}, r"lacks \['faststream_otel/nats.py'\]"),
        ({"faststream_otel/py.typed": None}, r"lacks \['faststream_otel/py.typed'\]"),
        ({"LICENSE": None}, r"x-1.tar.gz: has \[\] too much, and lacks \['LICENSE'\]"),
        (
            {"x-1.dist-info/METADATA": "Provides-Extra: pulsar\n"},
            r"extras in scripts/release: has .*'kafka'.* lacks \['pulsar'\]",
        ),
    ],
)
def test_what_is_in_the_packages(
    changed: dict[str, str | None],
    said: str | None,
    command: dict[str, Any],
    checkout: Path,
) -> None:
    """All that is committed of the package, its types, and nothing else."""
    wheel = package(command, checkout, **changed)
    if said is None:
        command["inspect"](wheel)
        return
    with pytest.raises(SystemExit, match=said):
        command["inspect"](wheel)


def test_a_package_without_types(command: dict[str, Any], checkout: Path) -> None:
    """It is refused, even if that is what is committed."""
    git(checkout, "rm", "--quiet", "faststream_otel/py.typed")
    with pytest.raises(SystemExit, match=r"has no py\.typed"):
        command["inspect"](package(command, checkout))


def test_a_command_that_fails(command: dict[str, Any]) -> None:
    """What it printed is on the screen: what pip check finds, say."""
    broken = [sys.executable, "-c", "print('has requirement x'); raise SystemExit(1)"]
    with pytest.raises(SystemExit, match=r"failed:\nhas requirement x"):
        command["run"](broken)


def test_a_commit_that_is_not_on_main(checkout: Path) -> None:
    """What is released is what others have, and CI has seen."""
    origin = checkout.parent / "origin"
    git(checkout.parent, "clone", "--quiet", "--bare", "checkout", "origin")
    git(checkout, "remote", "add", "origin", str(origin))
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "not pushed")
    done = release(checkout)
    assert done.returncode == 1
    assert "push to main first" in done.stderr
    assert not git(origin, "tag", "--list")


@pytest.mark.parametrize(
    "version", ["1.2.3", "0.1.0", "10.20.30", "1.0.0rc1", "1.0.0a2", "1.0.0b3"]
)
def test_version(version: str) -> None:
    """These are versions, and no prefix or suffix of them is."""
    assert releases.VERSION.fullmatch(version)
    for other in (f"v{version}", f"{version}.dev0", f"{version}-1", f"0{version}"):
        assert not releases.VERSION.fullmatch(other)


def test_changelog() -> None:
    """Its newest entry is `__version__`, and what was released has a date, in order."""
    text = (ROOT / "CHANGELOG.md").read_text()
    entries = releases.entries(text)
    assert entries[0].version == VERSION
    if entries[0].date == releases.UNRELEASED:
        entries = entries[1:]
    for newer, older in pairwise([dated(each) for each in entries]):
        assert newer > older
    headings = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    for entry in releases.entries(text):
        found = re.findall(r"^#+ (.*)", entry.text, re.MULTILINE)
        assert found
        assert set(found) <= headings
        assert len(found) == len(set(found))


def dated(entry: releases.Entry) -> tuple[date, list[int]]:
    """An entry's place: its day, and its version."""
    numbers = [int(each) for each in re.findall(r"\d+", entry.version)]
    return date.fromisoformat(entry.date), numbers


def test_changelog_links_to_pages() -> None:
    """Each change says where to read on, in a file that GitHub and the guide have."""
    (entry, *_) = releases.entries((ROOT / "CHANGELOG.md").read_text())
    changes = re.split(r"^- ", entry.text, flags=re.MULTILINE)[1:]
    assert changes
    for change in changes:
        links = re.findall(r"\]\(([^)#]+)[^)]*\)", change)
        assert links, change
        for link in links:
            assert link.startswith("docs/"), link
            assert (ROOT / link).is_file(), link


def test_notes() -> None:
    """Links lead to the files of the tag, where it is known where these are."""
    text = "[a](docs/a.md#b), [c](https://example.org/), [d](#e)"
    assert releases.notes(text, "") == f"{text}\n"
    assert releases.notes(text, "https://example.org/x/blob/v1/") == (
        "[a](https://example.org/x/blob/v1/docs/a.md#b), "
        "[c](https://example.org/), [d](#e)\n"
    )


def test_tools() -> None:
    """What a release is built with is pinned, and builds what the tests are of."""
    pins = dict(
        line.split("==")
        for line in (ROOT / ".ci" / "release.txt").read_text().splitlines()[1:]
    )
    assert {"build", "hatchling", "pip", "twine"} <= set(pins)
    constraints = (ROOT / "constraints.txt").read_text()
    assert f"\nhatchling=={pins['hatchling']}\n" in constraints


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned(workflow: Path) -> None:
    """By a commit, and with the version of it in words."""
    for line in workflow.read_text().splitlines():
        # A workflow of this repository is that of the same commit.
        if "uses:" in line and "uses: ./" not in line:
            assert re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_who_may_publish() -> None:
    """The job that PyPI trusts runs nothing of this repository."""
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    workflow: dict[str, Any] = yaml.safe_load(text)
    jobs = workflow["jobs"]
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "build": {"contents": "read"},
        "publish": {"id-token": "write"},
        "notes": {"contents": "write"},
    }
    assert jobs["publish"]["environment"]["name"] == "pypi"
    assert jobs["publish"]["needs"] == "build"
    assert jobs["notes"]["needs"] == "publish"
    assert not any("run" in step for step in jobs["publish"]["steps"])
    runs = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert runs == ['scripts/release --dry-run "$GITHUB_REF_NAME"']
    uploads = [step.get("with") for step in jobs["publish"]["steps"]]
    assert {"packages-dir": "dist/packages/", "attestations": True} in uploads


def test_release(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real thing: all but GitHub's part. It asks the index for some 60 packages."""
    if not os.environ.get(REAL):
        pytest.skip(f"takes a minute, and the index: {REAL}=yes runs it")
    origin = checkout.parent / "origin"
    git(checkout.parent, "clone", "--quiet", "--bare", "checkout", "origin")
    git(checkout, "remote", "add", "origin", str(origin))
    for name, value in {"NAME": "nobody", "EMAIL": "nobody@example.org"}.items():
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    monkeypatch.setenv("GUIDE_REPO_URL", "https://example.org/o/r/")
    done = release(checkout)
    assert done.returncode == 0, done.stderr
    for extra in ("", "confluent", "instrumentor", "kafka", "mqtt", "nats", "rabbit"):
        assert f"\n[{extra}]: " in done.stdout
    (wheel,) = (checkout / "dist" / "packages").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "faststream_otel/py.typed" in names
    assert not [name for name in names if name.startswith("tests")]
    notes = (checkout / "dist" / "notes.md").read_text()
    page = f"https://example.org/o/r/blob/{TAG}/docs/first-trace.md"
    assert page in notes
    assert git(origin, "rev-parse", f"{TAG}^{{commit}}") == git(
        checkout, "rev-parse", "HEAD"
    )
    assert not git(checkout, "status", "--porcelain")
