"""Names of an application's own objects and volumes, which users can't use."""

OWN_LABELS = "app.kubernetes.io/"
"""Prefix of the labels that the program sets."""

WRITABLE = "writable"
"""The pod's volume with a folder for each writable path of a container."""

CONFIG_FILES, SECRET_FILES = "config-files", "secret-files"
"""The pod's volumes of files, and the suffixes of the objects with the files."""

OWN_VOLUMES = frozenset({WRITABLE, CONFIG_FILES, SECRET_FILES})

CONFIG, SECRETS, REGISTRY = "config", "secrets", "registry"
"""Suffixes of the objects with variables, and with a registry's credentials."""

OWN_SECRETS = frozenset({SECRETS, SECRET_FILES, REGISTRY})


def part_name(app: str, part: str) -> str:
    """Returns the name of the objects of a worker or schedule."""
    return f"{app}-{part}"


def generated_secret(variable: str) -> str:
    """Returns the suffix of the Secret with a generated variable."""
    return variable.lower().replace("_", "-").replace(".", "-")


def file_key(path: str) -> str:
    """Returns the key of a file in its ConfigMap or Secret. Keys can't contain slashes."""
    return path.removeprefix("/").replace("/", "_")


def job_name(app: str) -> str:
    """Returns the name of the Job before a rollout, without its generated suffix of 9
    characters."""
    return f"{app}-before-rollout"
