"""Kubeconfig documents with an embedded client certificate."""

from base64 import b64encode

import yaml

from sandbox.sks.pki import KeyPair


def kubeconfig(
    *,
    cluster: str,
    server: str,
    authority: bytes,
    user: str,
    pair: KeyPair,
    server_name: str | None = None,
) -> str:
    """A kubeconfig (YAML) of one context, which signs in as `pair` at `server`.

    `authority` is the PEM certificate that signed the server's. `cluster` and `user` name the
    entries, as in the kubeconfigs that Exoscale hands out. `server_name` is one that the server's
    certificate has, where that of `server` is not.
    """
    context = f"{user}@{cluster}"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster,
                "cluster": {
                    "certificate-authority-data": _text(authority),
                    "server": server,
                    **({"tls-server-name": server_name} if server_name else {}),
                },
            }
        ],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
        "current-context": context,
        "preferences": {},
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _text(pair.certificate),
                    "client-key-data": _text(pair.key),
                },
            }
        ],
    }
    text: str = yaml.safe_dump(document, sort_keys=False)
    return text


def _text(pem: bytes) -> str:
    return b64encode(pem).decode("ascii")
