"""A certificate authority and one leaf, minted for a run and thrown away with it.

Nothing here touches a system or browser store. The lab's own Chromium accepts this one leaf, by the hash of its public key. Its
Firefox (and a browser behind a ws:// address) has no such option: there the cell's throw-away profile accepts any certificate.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab.errors import MachineError

NAMES = ("127.0.0.1", "localhost", "a.localhost", "b.localhost", "c.localhost")
"""Whom the run's leaf is for. A browser resolves every name under localhost to this machine (RFC 6761 section 6.3)."""

CHAIN, KEY, AUTHORITY = "chain.pem", "key.pem", "ca.pem"


def mint(folder: Path, *names: str) -> None:
    """Write chain.pem, key.pem and ca.pem into `folder`; the key is readable by its owner only."""
    authority = trustme.CA(organization_name="Seventh Tab, one run only")
    leaf = authority.issue_cert(*names)
    authority.cert_pem.write_to_path(folder / AUTHORITY)
    with os.fdopen(os.open(folder / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as key:
        key.write(leaf.private_key_pem.bytes())
    (folder / CHAIN).write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))


def spki_hash(folder: Path) -> str:
    """The base64 SHA-256 of the leaf's SubjectPublicKeyInfo, as Chromium's
    --ignore-certificate-errors-spki-list wants it (services/network/public/cpp/network_switches.cc)."""
    leaf = x509.load_pem_x509_certificate((folder / CHAIN).read_bytes())
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


@contextmanager
def minted(*names: str) -> Iterator[Path]:
    """A fresh folder of certificates, removed at the end: under certs/ in a checkout, else where the system keeps
    temporary files."""
    checkout = Path(__file__).resolve().parent.parent / "certs"
    try:
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=checkout if checkout.is_dir() else None))
    except OSError as error:
        raise MachineError(
            f"could not make a folder for the run's certificates: {error}",
            todo="free disk space, or make the folder writable",
        ) from error
    try:
        mint(folder, *names)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
