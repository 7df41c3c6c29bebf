"""The rules as policies of Pulumi's policy SDK.

When the engine validates the stack, it passes the planned outputs of resources. In the preview of a
new cluster, Kubernetes objects have none. So a rule on the stack gets the inputs of each resource,
which the engine passes earlier.
"""

from __future__ import annotations

from pulumi_policy import (
    Policy,
    ReportViolation,
    ResourceValidation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidation,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies.rule import Resource, Rule, StackRule
from policies.rules import RULES

Declared = dict[str, Resource]
"""Resources by their URNs."""


def policies() -> list[Policy]:
    """Returns all rules as policies."""
    declared: Declared = {}
    return [
        StackValidationPolicy(rule.name, rule.description, _on_stack(rule, declared))
        if isinstance(rule, StackRule)
        else ResourceValidationPolicy(rule.name, rule.description, _on_resource(rule, declared))
        for rule in RULES
    ]


def _on_resource(rule: Rule, declared: Declared) -> ResourceValidation:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(args.resource_type, args.name, args.urn, args.props, args.opts.protect)
        declared[args.urn] = resource
        for message in rule.check(resource):
            report(message, None)

    return validate


def _on_stack(rule: StackRule, declared: Declared) -> StackValidation:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [declared[each.urn] for each in args.resources if each.urn in declared]
        for found in rule.check(resources):
            report(found.message, found.resource.urn)

    return validate
