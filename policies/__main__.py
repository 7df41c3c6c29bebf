"""Serves the policy pack to Pulumi's engine."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parent.parent)  # Python sets it to this folder

from pulumi_policy import EnforcementLevel, PolicyPack

from policies.served import policies

PolicyPack("webapp", policies(), enforcement_level=EnforcementLevel.MANDATORY)
