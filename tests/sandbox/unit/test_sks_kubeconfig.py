"""The kubeconfig document."""

from base64 import b64decode

import yaml

from sandbox.sks.kubeconfig import kubeconfig
from sandbox.sks.pki import KeyPair


def test_the_current_context_leads_to_server_and_credentials() -> None:
    text = kubeconfig(
        cluster="web",
        server="https://127.0.0.1:20001",
        authority=b"authority",
        user="jane",
        pair=KeyPair(b"certificate", b"key"),
    )
    document = yaml.safe_load(text)
    contexts = {item["name"]: item["context"] for item in document["contexts"]}
    context = contexts[document["current-context"]]
    clusters = {item["name"]: item["cluster"] for item in document["clusters"]}
    users = {item["name"]: item["user"] for item in document["users"]}

    cluster = clusters[context["cluster"]]
    assert cluster["server"] == "https://127.0.0.1:20001"
    assert b64decode(cluster["certificate-authority-data"]) == b"authority"
    user = users[context["user"]]
    assert b64decode(user["client-certificate-data"]) == b"certificate"
    assert b64decode(user["client-key-data"]) == b"key"
