"""What was found is made from the sample, never typed: both files are what the generator makes of it."""

from __future__ import annotations

import msgspec
import pytest

from lab.judge.figures import Cost
from lab.model.verdict import Kind
from lab.results import file
from lab.results.file import Results
from tests.tools import findings


@pytest.fixture(scope="module")
def sample() -> Results:
    return file.read(findings.SAMPLE)


def test_the_page_is_made_of_the_sample(sample: Results) -> None:
    assert findings.PAGE.read_text(encoding="utf-8") == findings.page(sample), "run: python -m tests.tools.findings"


def test_the_readme_has_the_sample_s_findings(sample: Results) -> None:
    readme = findings.README.read_text(encoding="utf-8")
    assert readme == findings.renewed(readme, sample), "run: python -m tests.tools.findings"


def test_a_readme_without_markers_is_said(sample: Results) -> None:
    with pytest.raises(ValueError, match="has no <!-- findings"):
        findings.renewed("# Seventh Tab\n", sample)


def test_what_is_not_sure_has_no_number(sample: Results) -> None:
    doubted = [
        msgspec.structs.replace(one, verdict=msgspec.structs.replace(one.verdict, kind=Kind.DISPUTED)) for one in sample.cells
    ]
    page = findings.page(msgspec.structs.replace(sample, cells=doubted))
    assert "disputed" in page
    assert "live at once" in page  # The claims stay.
    assert "Where browsers differ" not in page
    assert "separate (" not in page


def test_a_run_without_cells_has_a_page(sample: Results) -> None:
    page = findings.page(msgspec.structs.replace(sample, cells=[]))
    assert page.startswith("<!-- Generated")


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (Cost(cpu_s=2.0, cpu_within_s=0.07, memory_bytes=1), "2.00 ± 0.07"),
        (Cost(cpu_s=0.385, cpu_within_s=1.086, memory_bytes=1), "below 1.48"),
        (Cost(cpu_s=-0.672, cpu_within_s=10.572, memory_bytes=1), "below 10.58"),
        (Cost(cpu_s=None, cpu_within_s=None, memory_bytes=None), "–"),
    ],
)
def test_a_cost_below_its_noise_is_only_bounded(cost: Cost, text: str) -> None:
    assert findings.cpu(cost) == text
