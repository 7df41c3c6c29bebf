"""The images in a stack's file and those that its pods run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.args.problem import Place
from components.web_app.names import part_name
from tools.cluster import ready_pods
from tools.existing_stack import stack_settings
from tools.pulumi_command import ToolError

BEFORE_ROLLOUT = "beforeRollout"
"""The name used for the container of an application's Job, whose pods are deleted later."""

SCHEDULES = "schedules"
"""The prefix of the names used for the containers of schedules, whose pods are deleted later."""


@dataclass(frozen=True)
class ConfiguredImage:
    """An image in a stack's file."""

    app: str
    container: str
    place: Place
    """Its location in the file."""
    image: str

    @property
    def is_of_job(self) -> bool:
        """Whether its pods run to completion, so that none of them may exist."""
        return self.place[2] in (BEFORE_ROLLOUT, SCHEDULES)


def digest_of(image: str) -> str:
    """Returns the digest of an image reference, or an empty string."""
    return image.partition("@")[2]


def configured_images(stack: str, folder: Path) -> Iterator[ConfiguredImage]:
    """Yields the images of the containers in the stack's file. A worker without an image of its own
    has the application's."""
    for index, app in enumerate(stack_settings(stack, folder).get("apps", ())):
        place: Place = ("apps", index)
        yield ConfiguredImage(app["name"], app["name"], (*place, "image"), app["image"])
        for kind in ("sidecars", "initContainers"):
            for number, each in enumerate(app.get(kind, ())):
                where = (*place, kind, number, "image")
                yield ConfiguredImage(app["name"], each["name"], where, each["image"])
        for number, each in enumerate(app.get("workers", ())):
            if image := each.get("image"):
                container = part_name(app["name"], each["name"])
                where = (*place, "workers", number, "image")
                yield ConfiguredImage(app["name"], container, where, image)
        if image := app.get(BEFORE_ROLLOUT, {}).get("image"):
            yield ConfiguredImage(
                app["name"], BEFORE_ROLLOUT, (*place, BEFORE_ROLLOUT, "image"), image
            )
        for number, each in enumerate(app.get(SCHEDULES, ())):
            if image := each.get("image"):
                where = (*place, SCHEDULES, number, "image")
                yield ConfiguredImage(app["name"], f"{SCHEDULES}.{each['name']}", where, image)


def running_images(stack: str, folder: Path) -> dict[tuple[str, str], str]:
    """Returns the image of each running container, by the names of application and container.

    The name and tag come from the pod, and the digest from the node that pulled the image, if the
    node reports one. The images of Jobs come from the stack's file.

    Raises:
        ToolError: the pods of an application run different images.
    """
    found = {
        (each.app, each.container): each.image
        for each in configured_images(stack, folder)
        if each.is_of_job
    }
    for app, pods in ready_pods(stack, folder).items():
        for pod in pods:
            for container, image in _images(pod).items():
                if found.setdefault((app, container), image) != image:
                    images = f"{found[app, container]} and {image}"
                    raise ToolError(
                        f"{stack}: {app} runs {images}: wait until the rollout is complete"
                    )
    return found


def _images(pod: Any) -> dict[str, str]:
    """Returns the images of a pod's containers, by the containers' names."""
    containers = [*pod.spec.containers, *(pod.spec.init_containers or ())]
    names = {each.name: each.image.partition("@")[0] for each in containers}
    statuses = [*pod.status.container_statuses, *(pod.status.init_container_statuses or ())]
    digests = {each.name: digest_of(each.image_id) for each in statuses}
    return {
        name: f"{image}@{digests[name]}" if digests.get(name) else image
        for name, image in names.items()
    }
