"""A certificate that is not valid today, as on a machine whose clock is wrong: the run says so before it measures anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.model.verdict import Kind
from tests.faults.struck import struck

MINTED = """
import datetime, trustme
from lab.cli import main as cli
issue = trustme.CA.issue_cert
def for_another_day(self, *names):
    return issue(self, *names, not_before=datetime.datetime({0}, 1, 1), not_after=datetime.datetime({0}, 1, 2))
trustme.CA.issue_cert = for_another_day
cli.main()
"""


@pytest.mark.parametrize(("year", "reason"), [(2001, "certificate has expired"), (2099, "certificate is not yet valid")])
def test_certificates_of_another_day(tmp_path: Path, year: int, reason: str) -> None:
    options = ("seventh_tab", "--engine", "chromium", "--protocol", "h1", "--tabs", "2", "--repeat", "1")
    with struck(tmp_path, *options, command=("-c", MINTED.format(year))) as run:
        found = run.end(4)
    [calibration] = found.calibration
    assert calibration.verdict.kind is Kind.HARNESS_FAULT
    assert reason in calibration.verdict.why
    assert "set the clock of this machine" in calibration.verdict.why
    assert [cell.verdict.live for cell in found.cells] == [2], (
        "the browser was told to trust this certificate, whatever its days"
    )
