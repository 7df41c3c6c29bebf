"""An SKS cluster with its nodepools, firewall and kubeconfigs."""
