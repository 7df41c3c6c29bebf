"""Debian's packages that these tests need and the machine lacks: `python -m tests.e2e.packages`."""

from sandbox.toolchain.prerequisites import CONTAINER_PACKAGES, missing_packages

CHROMIUM = "/usr/bin/chromium"
CERTUTIL = "/usr/bin/certutil"

if __name__ == "__main__":
    programs = {"chromium": CHROMIUM, "libnss3-tools": CERTUTIL}
    print(*missing_packages({**CONTAINER_PACKAGES, **programs}))
