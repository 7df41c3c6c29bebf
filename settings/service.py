"""The settings of an application's Service."""

from __future__ import annotations

from typing import Literal

ServiceType = Literal["ClusterIP", "NodePort", "LoadBalancer"]
