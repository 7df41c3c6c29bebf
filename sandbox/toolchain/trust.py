"""The certificate authorities that this machine trusts."""

import ssl
from pathlib import Path

import requests.utils


def system_authorities() -> Path:
    """Return the system's file of authorities, else the one that Python's requests brings along."""
    found = ssl.get_default_verify_paths().cafile
    return Path(found or requests.utils.DEFAULT_CA_BUNDLE_PATH)
