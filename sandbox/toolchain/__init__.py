"""The programs that the sandbox runs: found on PATH, downloaded or built."""
