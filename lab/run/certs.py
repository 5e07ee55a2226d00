"""A certificate authority and one leaf certificate, made for one run and deleted at its end.

Nothing here changes a certificate store of the system or of a browser. Chromium accepts this one leaf by the hash of its public
key. For other engines, and for a browser at a ws:// address, the cell's temporary profile accepts any certificate.
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
from lab.paths import AUTHORITY, CHAIN, KEY, checkout

NAMES = ("127.0.0.1", "localhost", "a.localhost", "b.localhost", "c.localhost")
"""The default names in the leaf certificate. A browser resolves every name under localhost to this machine (RFC 6761 section
6.3)."""


def mint(folder: Path, *names: str) -> None:
    """Write chain.pem, key.pem and ca.pem into `folder`, for `names` (none: NAMES). Only the owner can read the key.

    Raises OSError if a file can't be written."""
    authority = trustme.CA(organization_name="Seventh Tab, one run only")
    leaf = authority.issue_cert(*(names or NAMES))
    authority.cert_pem.write_to_path(folder / AUTHORITY)
    with os.fdopen(os.open(folder / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as key:
        key.write(leaf.private_key_pem.bytes())
    (folder / CHAIN).write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))


def spki_hash(folder: Path) -> str:
    """The base64 SHA-256 of the leaf's SubjectPublicKeyInfo, as Chromium's --ignore-certificate-errors-spki-list takes it
    (services/network/public/cpp/network_switches.cc)."""
    leaf = x509.load_pem_x509_certificate((folder / CHAIN).read_bytes())
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


@contextmanager
def minted(*names: str) -> Iterator[Path]:
    """A new folder with certificates for `names` (none: NAMES), removed at the end. It is made in certs/ in a checkout, else in
    the system's temporary folder. Its name has the id of this process, so a folder that is left can be attributed.

    Raises MachineError if they can't be written: the disk is full, or the folder belongs to another user."""
    root = checkout()
    parent = root / "certs" if root and (root / "certs").is_dir() else None
    folder = None
    try:
        try:
            folder = Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=parent))
            mint(folder, *names)
        except OSError as error:
            raise MachineError(
                f"the run's certificates can't be written: {error.strerror or error}",
                f"free disk space, or make {parent or 'the folder for temporary files'} writable",
            ) from error
        yield folder
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
