"""Pulumi's arguments for the policies of a stack.

`pulumi up --stack prod $(python -m tools.policies prod)` applies the policies of the stack.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stack.stack_file import is_parsed_from
from tools.existing_stack import stack_settings
from tools.stacks import ROOT

PACK = ("--policy-pack", "policies/pack")
ADVISORY = ("--policy-pack-config", "policies/advisory.json")


def policy_arguments(stack: str, folder: Path = ROOT) -> tuple[str, ...]:
    """Returns the arguments of `pulumi preview` and `pulumi up`, run in the project's folder.

    The policies are mandatory if the settings contain `production: true`. Otherwise they are
    advisory.
    """
    strict = is_parsed_from(True, stack_settings(stack, folder).get("production", "false"))
    return PACK if strict else PACK + ADVISORY


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="policies", description="Pulumi's arguments for a stack.")
    parser.add_argument("stack")
    sys.stdout.write(" ".join(policy_arguments(parser.parse_args().stack)) + "\n")
