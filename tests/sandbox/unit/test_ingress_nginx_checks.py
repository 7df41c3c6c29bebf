"""What the controller's admission webhook lets pass, and the words in which it refuses."""

from typing import Any

import pytest

from sandbox.sks.ingress_nginx.annotations import GROUPS, PREFIX, VALUES
from sandbox.sks.ingress_nginx.checks import refusal, warnings
from sandbox.sks.ingress_nginx.settings import Settings

OURS = Settings(classes={"nginx"})


def ingress(
    name: str = "web",
    path: str = "/web",
    path_type: str = "Prefix",
    host: str = "a.example",
    made: str = "2026-11-25T08:00:00Z",
    class_name: str | None = "nginx",
    **annotations: str,
) -> dict[str, Any]:
    rule = {"path": path, "pathType": path_type, "backend": {"service": {"name": "web"}}}
    return {
        "metadata": {
            "name": name,
            "namespace": "test",
            "creationTimestamp": made,
            "annotations": {f"{PREFIX}{k.replace('_', '-')}": v for k, v in annotations.items()},
        },
        "spec": {
            **({"ingressClassName": class_name} if class_name else {}),
            "rules": [{**({"host": host} if host else {}), "http": {"paths": [rule]}}],
        },
    }


def defined(place: str = 'host "a.example" and path "/web"', owner: str = "test/other") -> str:
    return f"{place} is already defined in ingress {owner}"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, defined()),
        ({"path_type": "Exact"}, defined()),
        ({"path_type": "ImplementationSpecific"}, defined()),
        ({"path": "/web/"}, None),
        ({"host": "b.example"}, None),
        ({"host": ""}, None),
        ({"name": "other"}, None),
        ({"class_name": "other"}, None),
        ({"canary": "true"}, None),
    ],
)
def test_a_host_and_path_has_one_ingress(changed: dict[str, str], reason: str | None) -> None:
    assert refusal(ingress(**changed), [ingress("other")], OURS) == reason


@pytest.mark.parametrize(
    "other",
    [
        ingress("other", class_name="other"),
        ingress("other", class_name=None),
        ingress("other", canary="true"),
        ingress("other", canary="false"),
        ingress("other", limit_rps="many"),
    ],
)
def test_what_the_controller_does_not_serve_has_no_path(other: dict[str, Any]) -> None:
    assert refusal(ingress(), [other], OURS) is None


def test_the_oldest_has_the_path() -> None:
    early, late = "2026-11-25T08:00:00Z", "2026-11-25T09:00:00Z"
    others = [ingress("b", made=late), ingress("a", made=early), ingress("c", made=late)]
    assert refusal(ingress(), others, OURS) == defined(owner="test/a")


def test_no_host_and_no_path_have_names_too() -> None:
    place = 'host "_" and path "/"'
    assert refusal(ingress(host="", path=""), [ingress("other", "/", host="")], OURS) == (
        defined(place)
    )


def test_paths_that_lead_to_no_service_are_free() -> None:
    resource = ingress()
    path = resource["spec"]["rules"][0]["http"]["paths"][0]
    path["backend"] = {"resource": {"kind": "Bucket", "name": "b"}}
    assert refusal(resource, [ingress("other")], OURS) is None


REGULAR_EXPRESSION = "/web(/|$)(.*)"


@pytest.mark.parametrize(
    ("path", "path_type", "refused"),
    [
        (REGULAR_EXPRESSION, "Prefix", True),
        (REGULAR_EXPRESSION, "Exact", True),
        (REGULAR_EXPRESSION, "ImplementationSpecific", False),
        ("/a.b_c-D/9", "Exact", False),
        ("/a~b", "Prefix", True),
        ("/", "Prefix", False),
        ("", "Prefix", False),
    ],
)
def test_a_regular_expression_needs_its_path_type(path: str, path_type: str, refused: bool) -> None:
    words = f"path {path} cannot be used with pathType {path_type}"
    asked = ingress(path=path, path_type=path_type)
    assert refusal(asked, [], OURS) == (
        f"ingress contains invalid paths: {words}" if refused else None
    )
    assert warnings(asked) == ([words] if refused else [])
    assert refusal(asked, [], Settings(classes={"nginx"}, strict_path_type=False)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit-rps", "many"),
        ("limit-whitelist", "10.0.0.0/33"),
        ("x-forwarded-prefix", "/a;b"),
        ("x-forwarded-prefix", "/a\n"),
        ("server-alias", "a.example,b;example"),
        ("default-backend", "Not_A_Name"),
        ("ssl-passthrough", "yes"),
        ("upstream-vhost", "a b"),
        ("load-balance", "Round_Robin"),
        ("custom-http-errors", "404,700"),
        ("client-body-buffer-size", "8 kb"),
        ("permanent-redirect", "https://a.example/ x"),
    ],
)
def test_a_bad_value_is_refused(name: str, value: str) -> None:
    words = f"annotation {PREFIX}{name} contains invalid value"
    assert refusal(ingress(**{name: value}), [], OURS) == words
    assert refusal(ingress(**{name: value}), [], _without_validation()) is None


def _without_validation() -> Settings:
    return Settings(classes={"nginx"}, validate_annotations=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit-rps", "10"),
        ("limit-rps", ""),
        ("limit-whitelist", "10.0.0.0/8, 192.0.2.1"),
        ("x-forwarded-prefix", "/rickroller"),
        ("server-alias", "*.a.example, ~^www\\d+\\.a\\.example$"),
        ("ssl-passthrough", "True"),
        ("load-balance", "ewma"),
        ("custom-http-errors", "404, 503"),
        ("client-body-buffer-size", "8 K"),
        ("auth-type", "basic"),
        ("ssl-ciphers", "ECDHE+AES:!MD5:@STRENGTH"),
        ("proxy-body-size", "lots"),
        ("allowlist-source-range", "everybody"),
        ("rewrite-target", "/;"),
        ("no-such-annotation", "x"),
    ],
)
def test_other_values_pass_as_those_that_the_controller_makes_its_default(
    name: str, value: str
) -> None:
    assert refusal(ingress(**{name: value}), [], OURS) is None


def test_a_permanent_redirect_is_not_looked_at_beside_a_temporal_one() -> None:
    both = {"temporal-redirect": "https://a.example", "permanent-redirect": "no url"}
    assert refusal(ingress(**both), [], OURS) is None


def test_snippets_are_off() -> None:
    key = f"{PREFIX}configuration-snippet"
    asked = ingress(configuration_snippet="return 200;")
    assert refusal(asked, [], OURS) == (
        f"{key} annotation cannot be used. "
        "Snippet directives are disabled by the Ingress administrator"
    )
    assert refusal(asked, [], Settings(classes={"nginx"}, snippets=True)) == (
        "annotation group ConfigurationSnippet contains risky annotation based on ingress "
        "configuration"
    )
    risky = Settings(classes={"nginx"}, snippets=True, risk="Critical")
    assert refusal(asked, [], risky) is None


@pytest.mark.parametrize(
    ("risk", "refused"), [("Critical", False), ("High", False), ("Medium", True), ("Low", True)]
)
def test_risk_is_the_administrators_choice(risk: str, refused: bool) -> None:
    found = refusal(
        ingress(auth_url="http://a.example"), [], Settings(classes={"nginx"}, risk=risk)
    )
    assert (found is not None and "group ExternalAuth contains risky" in found) == refused


def test_words_are_blocked() -> None:
    blocking = Settings(classes={"nginx"}, blocked_words=["lua", "root"])
    assert refusal(ingress(auth_realm="my lua"), [], blocking) == (
        f"{PREFIX}auth-realm annotation contains invalid word lua"
    )


@pytest.mark.parametrize(
    ("class_name", "annotation", "settings", "own"),
    [
        ("nginx", None, OURS, True),
        ("other", "nginx", OURS, False),
        (None, "nginx", OURS, True),
        (None, "", Settings(without_class=True), False),
        (None, None, OURS, False),
        (None, None, Settings(without_class=True), True),
        ("nginx", None, Settings(classes={"nginx"}, namespace="elsewhere"), False),
    ],
)
def test_other_controllers_ingresses_pass(
    class_name: str | None, annotation: str | None, settings: Settings, own: bool
) -> None:
    asked = ingress(path=REGULAR_EXPRESSION, class_name=class_name)
    if annotation is not None:
        asked["metadata"]["annotations"]["kubernetes.io/ingress.class"] = annotation
    assert (refusal(asked, [], settings) is not None) == own
    assert len(warnings(asked)) == 1


def test_what_is_being_removed_passes() -> None:
    asked = ingress(path=REGULAR_EXPRESSION)
    asked["metadata"]["deletionTimestamp"] = "2026-11-25T08:00:00Z"
    assert refusal(asked, [], OURS) is None
    assert warnings(asked) == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            ingress(path="/etc/passwd", class_name="other"),
            "invalid rule in ingress test/web: invalid http path: invalid value found: /etc/passwd",
        ),
        (
            ingress(host="a_by_lua"),
            "invalid host in ingress test/web: invalid value found: a_by_lua",
        ),
    ],
)
def test_dangerous_words_are_refused_whatever_the_class(asked: dict[str, Any], words: str) -> None:
    assert refusal(asked, [], OURS) == f"invalid object: {words}"
    assert refusal(asked, [], Settings(deep_inspect=False)) is None


def test_a_default_backend_can_be_forbidden() -> None:
    asked = ingress()
    asked["spec"]["defaultBackend"] = {"service": {"name": "web"}}
    assert refusal(asked, [], OURS) is None
    reason = refusal(asked, [], Settings(classes={"nginx"}, catch_all=False))
    assert reason is not None
    assert "catch-all ingress while DisableCatchAll flag is set to true" in reason


def test_an_annotation_is_in_one_group() -> None:
    names = [name for group in GROUPS.values() for text in group.values() for name in text.split()]
    assert len(names) == len(set(names))
    assert not [name for name in (*names, *VALUES) if not name.islower() or "/" in name]
