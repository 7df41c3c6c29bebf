"""An SKS cluster with its nodepools, firewall and kubeconfigs."""

from components.sks_cluster.sks_cluster import SksCluster

__all__ = ["SksCluster"]
