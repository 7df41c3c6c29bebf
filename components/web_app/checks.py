"""Rules on several fields of an application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from ..args.problem import Place, Problem, Problems, require
from ..args.types import DNS_LABEL
from ..database.names import database_name
from ..namespace.args import check_not_reserved
from .fields import WebAppFields
from .names import OWN_SECRETS, file_key, generated_secret, job_name, part_name
from .pod.container_args import ContainerArgs, InitContainerArgs
from .schedules.args import ScheduleArgs
from .volumes.checks import volume_problems
from .without_port import check_without_port
from .workers.args import WorkerArgs
from .workers.checks import OWN_PARTS, check_names_of_workers, worker_problems, workers

CONTAINERS_DIFFER = "must differ from the app's name and from other containers'"

LONGEST_NAME_WITH_JOB = 63 - len("-12345678") - len(job_name(""))
"""The Job's name, with Pulumi's suffix, is a label of its pods."""

LONGEST_CRON_JOB = 52
"""Source: kubernetes/kubernetes, pkg/apis/batch/validation/validation.go."""

LONGEST_NAME_WITH_DATABASE = LONGEST_CRON_JOB - len(database_name(""))
"""A CronJob has the database's name."""


def containers(app: WebAppFields) -> list[tuple[Place, ContainerArgs]]:
    """Returns the application's own container and all others, with their places."""
    return [((), app), *beside(app)]


def parts(app: WebAppFields) -> list[tuple[Place, WorkerArgs | ScheduleArgs]]:
    """Returns the workers and schedules, with their places."""
    schedules = [(("schedules", index), each) for index, each in enumerate(app.schedules)]
    return [*workers(app), *schedules]


def beside(app: WebAppFields) -> list[tuple[Place, InitContainerArgs]]:
    """Returns the sidecars and init containers, with their places."""
    return [
        ((key, index), each)
        for key, listed in (("sidecars", app.sidecars), ("initContainers", app.init_containers))
        for index, each in enumerate(listed)
    ]


def _one_name_twice(app: WebAppFields) -> Iterator[Problem]:
    names = [((*place, "name"), each.name) for place, each in beside(app)]
    yield from _twice(names, CONTAINERS_DIFFER)
    volumes = [(("volumes", index, "name"), each.name) for index, each in enumerate(app.volumes)]
    yield from _twice(volumes, "must differ from the other volumes'")


def _one_variable_twice(app: WebAppFields) -> Iterator[Problem]:
    variables = _variables(app)
    variables += [
        ((*place, "environment", name), name)
        for place, names in (
            (("config",), [*app.config.environment]),
            (("secrets",), [*app.secrets.environment]),
        )
        for name in names
    ]
    variables += [
        (("generatedSecrets", index), name) for index, name in enumerate(app.generated_secrets)
    ]
    if app.database:
        variables.append((("database", "variable"), app.database.variable))
    yield from _twice(
        variables,
        "must be in one of environment, valueFrom, config, secrets, generatedSecrets and database,"
        " once",
    )
    for place, each in containers(app):
        if each is not app:
            its_own = [((*place, *key), name) for key, name in _variables(each)]
            yield from _twice(its_own, "must be in one of environment and valueFrom, once")


def _variables(container: ContainerArgs) -> list[tuple[Place, str]]:
    """Returns the variables in a container's own settings."""
    return [
        ((key, name), name)
        for key, names in (
            ("environment", container.environment),
            ("valueFrom", container.value_from),
        )
        for name in names
    ]


def _mounts_without_volume(app: WebAppFields) -> Iterator[Problem]:
    known = [volume.name for volume in app.volumes]
    allowed = f"must be one of volumes: {', '.join(known)}" if known else "is not in volumes"
    for place, each in containers(app):
        for index, mount in enumerate(each.mounts):
            if mount.volume not in known:
                yield Problem((*place, "mounts", index, "volume"), mount.volume, allowed)


def _one_path_twice(app: WebAppFields) -> Iterator[Problem]:
    for place, each in containers(app):
        paths: list[tuple[Place, str]] = [
            ((*place, "security", "writablePaths", index), path)
            for index, path in enumerate(each.security.writable_paths)
        ]
        paths += [
            ((*place, "mounts", index, "path"), mount.path)
            for index, mount in enumerate(each.mounts)
        ]
        paths += _files(app, place, each)
        yield from _twice(paths, "must be mounted once")


def _files(app: WebAppFields, place: Place, container: ContainerArgs) -> list[tuple[Place, str]]:
    """Returns the application's files in a container. Sidecars and init containers inherit them."""
    files: dict[str, tuple[tuple[str, Collection[str]], ...]] = {
        "config": (("files", app.config.files), ("filesFrom", app.config.files_from)),
        "secrets": (("files", app.secrets.files),),
    }
    if isinstance(container, InitContainerArgs):
        return [
            ((*place, "inherits"), path)
            for source in dict.fromkeys(container.inherits)
            for _, paths in files.get(source, ())
            for path in paths
        ]
    return [
        ((source, key, path), path)
        for source, kept in files.items()
        for key, paths in kept
        for path in paths
    ]


def _one_file_key_twice(app: WebAppFields) -> Iterator[Problem]:
    """The keys of files in their objects are the paths, with `_` for each slash."""
    config, secrets = app.config, app.secrets
    objects: tuple[list[tuple[Place, Collection[str]]], ...] = (
        [(("config", "files"), config.files), (("config", "filesFrom"), config.files_from)],
        [(("secrets", "files"), secrets.files)],
    )
    for kept in objects:
        named = [
            ((*place, path), file_key(path))
            for place, files in kept
            for path in files
            if place[1] == "files" or path not in config.files
        ]
        yield from _twice(named, "must differ from other files by more than / and _")


def _modes_without_file(app: WebAppFields) -> Iterator[Problem]:
    config, secrets = app.config, app.secrets
    for key, modes, files in (
        ("config", config.modes, {*config.files, *config.files_from}),
        ("secrets", secrets.modes, {*secrets.files}),
    ):
        for path, mode in modes.items():
            if path not in files:
                yield Problem((key, "modes", path), mode, f"must be of one of {key}'s files")


def _names_of_own_secrets(app: WebAppFields) -> Iterator[Problem]:
    for index, variable in enumerate(app.generated_secrets):
        if generated_secret(variable) in OWN_SECRETS:
            names = sorted(name.upper().replace("-", "_") for name in OWN_SECRETS)
            allowed = f"must be another one than {', '.join(names)}"
            yield Problem(("generatedSecrets", index), variable, allowed)


def _one_secret_twice(app: WebAppFields) -> Iterator[Problem]:
    variables: dict[str, str] = {}
    for index, variable in enumerate(app.generated_secrets):
        other = variables.setdefault(generated_secret(variable), variable)
        if other != variable:
            allowed = f"must differ from {other} by more than case, . and _"
            yield Problem(("generatedSecrets", index), variable, allowed)


def _names_of_schedules(app: WebAppFields) -> Iterator[Problem]:
    names = [(("schedules", at, "name"), each.name) for at, each in enumerate(app.schedules)]
    yield from _twice(names, "must differ from the other schedules'")
    of_workers = {worker.name for worker in app.workers}
    for place, name in names:
        if name in of_workers:
            yield Problem(place, name, "must differ from the workers'")
        if name in OWN_PARTS:
            allowed = f"must be another one than {', '.join(sorted(OWN_PARTS))}"
            yield Problem(place, name, allowed)


def _twice(named: Iterable[tuple[Place, str]], allowed: str) -> Iterator[Problem]:
    """Yields a problem for each repetition of a name."""
    seen: Counter[str] = Counter()
    for place, name in named:
        seen[name] += 1
        if seen[name] > 1:
            yield Problem(place, name, allowed)


CHECKS = (
    _one_name_twice,
    _one_variable_twice,
    _mounts_without_volume,
    _one_path_twice,
    _one_file_key_twice,
    _modes_without_file,
    _names_of_own_secrets,
    _one_secret_twice,
    _names_of_schedules,
    volume_problems,
    check_without_port,
    check_names_of_workers,
)


def app_problems(app: WebAppFields) -> Iterator[Problem]:
    """Yields what is wrong with several fields of an application together."""
    for check in CHECKS:
        yield from check(app)


def name_problems(app: WebAppFields, name: str) -> Iterator[Problem]:
    """Yields what is wrong with an application and its name together."""
    for place, each in beside(app):
        if each.name == name:
            yield Problem((*place, "name"), each.name, CONTAINERS_DIFFER)
            break
    if app.database and len(name) > LONGEST_NAME_WITH_DATABASE:
        allowed = f"must have {LONGEST_NAME_WITH_DATABASE} characters at most, with a database"
        yield Problem(("name",), name, allowed)
    if app.before_rollout and len(name) > LONGEST_NAME_WITH_JOB:
        allowed = f"must have {LONGEST_NAME_WITH_JOB} characters at most, with beforeRollout"
        yield Problem(("name",), name, allowed)
    longest = LONGEST_CRON_JOB - len(part_name(name, ""))
    for index, schedule in enumerate(app.schedules):
        if len(schedule.name) > longest:
            allowed = f"must have {longest} characters at most: the CronJob has both names"
            yield Problem(("schedules", index, "name"), schedule.name, allowed)
    yield from worker_problems(app, name)


def check_name(app: WebAppFields, name: str) -> None:
    """Checks the name of an application's component.

    Raises:
        Problems: the name is not valid for an application with these args.
    """
    require(lambda: check_not_reserved(DNS_LABEL.check(name)), ("name",), name)
    if problems := tuple(name_problems(app, name)):
        raise Problems(problems)
