"""Checks the volumes of applications and databases."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Place, Problem, path
from stack.args import StackArgs


def check_storage_classes(settings: StackArgs) -> Iterator[Problem]:
    """Requires a storage class for the volumes of applications and databases."""
    if settings.cluster and not settings.cluster.csi:
        for index, app in enumerate(settings.apps):
            for place, volume in app.claimed_volumes:
                if volume.needs_csi:
                    allowed = "needs a storage class: set cluster.csi to true, or storageClass"
                    yield Problem(("apps", index, *place), volume.size, allowed)


def check_one_user(settings: StackArgs) -> Iterator[Problem]:
    """Rejects an existing volume that several pods would use."""
    users: dict[str, Place] = {}
    for index, app in enumerate(settings.apps):
        for place, volume in app.claimed_volumes:
            if volume.volume:
                its_place: Place = ("apps", index, *place[:-1], "volume")
                other = users.setdefault(volume.volume, its_place)
                if other != its_place:
                    allowed = f"must differ from {path(other)}: only one pod can use a volume"
                    yield Problem(its_place, volume.volume, allowed)


def notices(settings: StackArgs) -> Iterator[str]:
    """Yields a line for each application that has one pod because of a persistent volume."""
    for index, app in enumerate(settings.apps):
        for number, volume in enumerate(app.volumes):
            if volume.claimed and "type" not in app.rollout.model_fields_set:
                yield (
                    f"{path(('apps', index, 'volumes', number))}: only one node can use "
                    f"{volume.name} (ReadWriteOnce): {app.name} has one pod, and a rollout stops "
                    "it before the new one starts; rollout.type: Recreate accepts this"
                )
                break


CHECKS = (check_storage_classes, check_one_user)
