"""Where one service keeps what: what lies on which mount, and what some component holds of it."""

from __future__ import annotations

from pathlib import PurePosixPath

from harness.model.frozen import Frozen


def below(path: str, top: str) -> bool:
    """Whether `path` is `top` or lies in it."""
    return PurePosixPath(path).is_relative_to(top)


class Layout(Frozen):
    """`mounts`: path to volume. `trees`: paths of components that read files, each on one mount alone, for trees
    leave out what is mounted inside them. `servers`: folders of a server that is asked for all that is in them."""

    mounts: dict[str, str]
    trees: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()

    def mount_of(self, path: str) -> str | None:
        """The innermost mount that `path` lies on; None: in the container's own layer."""
        return max((mount for mount in self.mounts if below(path, mount)), key=len, default=None)

    def looks_into(self, mount: str) -> bool:
        """Whether any component holds anything on this mount (LR-18)."""
        if any(below(server, mount) or below(mount, server) for server in self.servers):
            return True
        return any(self.mount_of(tree) == mount for tree in self.trees)

    def holds(self, path: str) -> bool:
        """Whether a component holds what lies at `path`."""
        if any(below(path, server) for server in self.servers):
            return True
        return any(below(path, tree) and self.mount_of(tree) == self.mount_of(path) for tree in self.trees)
