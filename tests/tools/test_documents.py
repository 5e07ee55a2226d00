"""What the pages promise: links that lead somewhere, commands word by word, and an example that is a scenario."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.scenario import catalogue
from lab.scenario.selection import Choice

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
EXAMPLE = re.compile(r"<!-- example: (\S+) -->\n```python\n(.*?)```", re.DOTALL)


def anchor(heading: str) -> str:
    """The fragment that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {anchor(line.lstrip("#")) for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("#")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:")):
            continue
        path, _, fragment = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not fragment or fragment in anchors(found), target


def test_the_readme_is_short_and_has_its_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.split()) < 600
    for session in ("lab", "tests"):
        assert f"\npython3 -m pip install nox && python3 -m nox -s {session}\n" in readme


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {(ROOT / target).resolve() for target in LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert {page for page in PAGES if page.name != "README.md"} <= linked


def test_the_example_is_a_scenario(tmp_path: Path) -> None:
    found = EXAMPLE.search((ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8"))
    assert found
    path = tmp_path / found[1]
    path.write_text(found[2], encoding="utf-8")
    [one] = catalogue.load_file(path)
    assert catalogue.selected([one], Choice(engines=("chromium", "firefox")))
