"""The certificate authorities that this machine trusts."""

import ssl
from pathlib import Path

import requests.utils


def system_authorities() -> Path:
    """Returns the system's file of authorities; if there is none, the file of Python's requests."""
    found = ssl.get_default_verify_paths().cafile
    return Path(found or requests.utils.DEFAULT_CA_BUNDLE_PATH)
