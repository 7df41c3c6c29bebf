import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.kubernetes import config_diff, kubeconfig, options
from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.kubernetes.options import Options
from sandbox.plugins.wire import UNKNOWN, Secret


def config(server: str = "https://127.0.0.1:1", token: str = "t", namespace: str = "team") -> str:
    return json.dumps(
        {
            "current-context": "one",
            "contexts": [
                {"name": "one", "context": {"cluster": "c", "namespace": namespace}},
                {"name": "two", "context": {"cluster": "d"}},
            ],
            "clusters": [
                {"name": "c", "cluster": {"server": server}},
                {"name": "d", "cluster": {"server": "https://127.0.0.1:2"}},
            ],
            "users": [{"name": "u", "user": {"token": token}}],
        }
    )


def test_every_bad_option_is_named_at_once() -> None:
    failures = options.check(
        {
            "kubeconfig": Secret(UNKNOWN),
            "version": "4.34.2",
            "renderYamlToDirectory": "out",
            "contxt": "a",
            "enablePatchForce": "maybe",
            "enableServerSideApply": "false",
            "namespace": 3,
        }
    )
    assert {name for name, _ in failures} == {
        "renderYamlToDirectory",
        "contxt",
        "enablePatchForce",
        "enableServerSideApply",
        "namespace",
    }


def test_flags_come_from_inputs_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_K8S_ENABLE_SECRET_MUTABLE", "true")
    monkeypatch.setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true")
    read = Options.of({"enableConfigMapMutable": "true", "enablePatchForce": False})
    assert (read.config_map_mutable, read.secret_mutable, read.patch_force) == (True, True, False)


def test_kubeconfig_is_contents_or_a_path(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(config())
    assert kubeconfig.read(str(path)) == kubeconfig.read(config())


@pytest.mark.parametrize("text", ["no such file", "{token: [hidden", "- a"])
def test_what_is_no_kubeconfig_is_not_quoted(text: Any) -> None:
    with pytest.raises(kubeconfig.KubeconfigError) as failure:
        kubeconfig.read(text)
    assert text not in str(failure.value)


def test_context_and_cluster_are_selected() -> None:
    parsed = kubeconfig.read(config())
    assert kubeconfig.active_cluster(parsed, None, None) == {"server": "https://127.0.0.1:1"}
    assert kubeconfig.active_cluster(parsed, "two", None) == {"server": "https://127.0.0.1:2"}
    assert kubeconfig.active_cluster(parsed, None, "d") == {"server": "https://127.0.0.1:2"}
    with pytest.raises(kubeconfig.KubeconfigError, match="three"):
        kubeconfig.select(parsed, "three", None)


def test_namespace_is_the_option_or_the_contexts_or_default() -> None:
    assert Cluster(Options(kubeconfig=config(), namespace="mine")).namespace == "mine"
    assert Cluster(Options(kubeconfig=config())).namespace == "team"
    assert Cluster(Options(kubeconfig=config(), context="two")).namespace == "default"


def test_cluster_of_an_unusable_kubeconfig_is_unreachable() -> None:
    reason = Cluster(Options(kubeconfig="nonsense")).unreachable_reason()
    assert reason is not None
    assert "failed to parse kubeconfig" in reason


ONE, RENEWED, OTHER = config(), config(token="new"), config("https://127.0.0.1:9")


@pytest.mark.parametrize(
    ("olds", "news", "changed", "replaces"),
    [
        ({"kubeconfig": ONE}, {"kubeconfig": ONE}, [], []),
        ({"kubeconfig": ONE}, {"kubeconfig": RENEWED}, ["kubeconfig"], []),
        ({"kubeconfig": ONE}, {"kubeconfig": OTHER}, ["kubeconfig"], ["kubeconfig"]),
        ({"kubeconfig": ONE}, {"kubeconfig": Secret(UNKNOWN)}, ["kubeconfig"], ["kubeconfig"]),
        ({"kubeconfig": ONE}, {"kubeconfig": ONE, "context": "two"}, ["context"], ["context"]),
        (
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            {"kubeconfig": OTHER, "clusterIdentifier": "a"},
            ["kubeconfig"],
            [],
        ),
        (
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            {"kubeconfig": UNKNOWN, "clusterIdentifier": "a"},
            ["kubeconfig"],
            [],
        ),
        (
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            {"kubeconfig": RENEWED, "clusterIdentifier": "b"},
            ["clusterIdentifier", "kubeconfig"],
            ["clusterIdentifier"],
        ),
        (
            {"kubeconfig": ONE},
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            ["clusterIdentifier"],
            [],
        ),
    ],
)
def test_replacement_of_the_provider(olds: Any, news: Any, changed: Any, replaces: Any) -> None:
    assert config_diff.compare(olds, news) == (changed, replaces)


def test_a_kubeconfig_in_one_line_of_json_is_not_taken_for_a_path() -> None:
    config = {"apiVersion": "v1", "kind": "Config", "users": [{"name": "x" * 300}]}
    assert kubeconfig.read(json.dumps(config)) == config
