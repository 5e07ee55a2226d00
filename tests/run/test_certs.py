"""A run's certificates: minted, kept from others, and removed."""

from __future__ import annotations

import errno
import os
import ssl
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from cryptography import x509

from lab.errors import MachineError
from lab.paths import AUTHORITY, CHAIN, KEY
from lab.run import certs
from lab.run.resources import temporary_files
from tests.conftest import ROOT


def test_the_key_is_for_its_owner_only_and_goes_with_the_run() -> None:
    with certs.minted("127.0.0.1") as folder:
        assert stat.S_IMODE((folder / KEY).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {path.name for path in folder.iterdir()} == {KEY, CHAIN, AUTHORITY}
    assert not folder.exists()


def test_nothing_minted_can_be_committed() -> None:
    with certs.minted("127.0.0.1") as folder:
        assert folder.is_relative_to(ROOT / "certs")
        if (ROOT / ".git").exists():
            ignored = subprocess.run(["git", "check-ignore", "-q", str(folder / KEY)], cwd=ROOT, check=False)
            assert ignored.returncode == 0


def test_every_run_has_its_own_leaf() -> None:
    with certs.minted("127.0.0.1") as one, certs.minted("127.0.0.1") as other:
        assert certs.spki_hash(one) != certs.spki_hash(other)
        assert len(certs.spki_hash(one)) == 44


@pytest.mark.parametrize("names", [(), ("proxy.localhost", "10.0.0.7")])
def test_the_leaf_is_for_the_names_asked_for(tmp_path: Path, names: tuple[str, ...]) -> None:
    certs.mint(tmp_path, *names)
    leaf = x509.load_pem_x509_certificate((tmp_path / CHAIN).read_bytes())
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(one.value) for one in found} == set(names or certs.NAMES)
    ssl.create_default_context(cafile=str(tmp_path / AUTHORITY))


def test_a_full_disk_while_minting_is_the_machines_fault() -> None:
    """A real limit: from the second kilobyte of a file on, writing fails. It was a traceback."""
    code = (
        "import os, resource; from lab.run import certs; from lab.errors import MachineError\n"
        "print(os.getpid())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try:\n    with certs.minted(): pass\n"
        "except MachineError as error: print(error)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    process, complaint = ended.stdout.splitlines()
    assert complaint.startswith("the run's certificates can't be written: File too large: free disk space")
    assert not list((ROOT / "certs").glob(f"run-{process}-*")), "nothing of its own is left behind"


def test_no_room_for_temporary_files_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was a traceback."""

    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    message = "no folder for temporary files can be made: No space left on device"
    with pytest.raises(MachineError, match=message), temporary_files():
        pass


def test_this_process_keeps_its_own_folder_for_temporary_files() -> None:
    before = os.environ.get("TMPDIR")
    with temporary_files() as folder:
        assert os.environ.get("TMPDIR") == before
        assert len(folder.name) < 16, "Chromium makes a socket in it, whose path has 107 letters at most"
    assert not folder.exists()
