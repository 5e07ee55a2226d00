from __future__ import annotations

import stat
import subprocess
from pathlib import Path

from lab.run import certs


def test_the_key_is_for_its_owner_only_and_goes_with_the_run() -> None:
    with certs.minted("127.0.0.1") as folder:
        assert stat.S_IMODE((folder / certs.KEY).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {path.name for path in folder.iterdir()} == {certs.KEY, certs.CHAIN, certs.AUTHORITY}
    assert not folder.exists()


def test_nothing_minted_can_be_committed() -> None:
    root = Path(__file__).resolve().parent.parent
    with certs.minted("127.0.0.1") as folder:
        if folder.is_relative_to(root) and (root / ".git").exists():
            ignored = subprocess.run(["git", "check-ignore", "-q", str(folder / certs.KEY)], cwd=root, check=False)
            assert ignored.returncode == 0


def test_every_run_has_its_own_leaf() -> None:
    with certs.minted("127.0.0.1") as one, certs.minted("127.0.0.1") as other:
        assert certs.spki_hash(one) != certs.spki_hash(other)
        assert len(certs.spki_hash(one)) == 44
