"""The chart of cert-manager as it is copied from the Go module's read-only files."""

from pathlib import Path

import yaml

from sandbox.toolchain.acme import install_chart
from sandbox.toolchain.tools import CERT_MANAGER

CHART = """\
apiVersion: v2
kubeVersion: ">= 1.22.0-0"
# The version and appVersion fields are set automatically by the release tool
version: v0.0.0
appVersion: v0.0.0
"""


def test_the_chart_has_the_module_s_version_and_is_writable(tmp_path: Path) -> None:
    source, target = tmp_path / "module", tmp_path / "charts" / "cert-manager"
    (source / "templates").mkdir(parents=True)
    (source / "templates" / "deployment.yaml").write_text("kind: Deployment")
    (source / "Chart.yaml").write_text(CHART)
    for path in (source / "Chart.yaml", source / "templates" / "deployment.yaml"):
        path.chmod(0o444)
    for folder in (source / "templates", source):
        folder.chmod(0o555)
    for _ in range(2):
        install_chart(source, target)
        chart = yaml.safe_load((target / "Chart.yaml").read_text())
        assert (chart["version"], chart["appVersion"]) == (CERT_MANAGER.version,) * 2
        assert chart["kubeVersion"] == ">= 1.22.0-0"
        assert (target / "templates" / "deployment.yaml").read_text() == "kind: Deployment"
        assert (target / "templates").stat().st_mode & 0o200
    for folder in (source / "templates", source):
        folder.chmod(0o755)
