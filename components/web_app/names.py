"""Names of what an application has of its own, which the user's names have to leave free."""

WRITABLE = "writable"
"""The pod's volume with a folder for each path that a container may write to."""

CONFIG_FILES, SECRET_FILES = "config-files", "secret-files"
"""The pod's volumes of files, and what the names of the objects with the files end with."""

OWN_VOLUMES = frozenset({WRITABLE, CONFIG_FILES, SECRET_FILES})

CONFIG, SECRETS, REGISTRY = "config", "secrets", "registry"
"""What the names of the objects with variables, and with a registry's credentials, end with."""

OWN_SECRETS = frozenset({SECRETS, SECRET_FILES, REGISTRY})


def generated_secret(variable: str) -> str:
    """What the name of the Secret with a generated variable ends with."""
    return variable.lower().replace("_", "-").replace(".", "-")


def file_key(path: str) -> str:
    """The key of a file in its ConfigMap or Secret: a key has no slashes."""
    return path.removeprefix("/").replace("/", "_")


def job_name(app: str) -> str:
    """The name of the Job before a rollout; a suffix of 9 characters is added to it."""
    return f"{app}-before-rollout"
