"""Debian's packages that these tests need and the machine lacks: `python -m tests.e2e.packages`."""

from sandbox.toolchain.prerequisites import CONTAINER_PACKAGES, missing_packages

CHROMIUM = "/usr/bin/chromium"

if __name__ == "__main__":
    print(*missing_packages({**CONTAINER_PACKAGES, "chromium": CHROMIUM}))
