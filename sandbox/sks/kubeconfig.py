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
    """Returns a kubeconfig (YAML) with one context.

    Args:
        cluster: the name of the cluster's entry, as in Exoscale's kubeconfigs.
        server: the URL of the API server.
        authority: the PEM certificate of the authority that signed the server's certificate.
        user: the name of the user's entry.
        pair: the client certificate and its key.
        server_name: a name in the server's certificate, if the host of `server` is not in it.
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
