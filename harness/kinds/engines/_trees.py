"""What engines of file trees share: how a tree is emptied before it is replaced (design fact 5)."""

from __future__ import annotations

# Directories that stay are mount points of nested volumes; a file that stays is an error.
CLEAR = """root=$1; shift; mkdir -p "$root" && cd "$root" || exit 1; prune=()
for nested; do prune+=(-path "./$nested" -prune -o); done
find . -xdev "${prune[@]}" ! -type d -exec rm -f {} +
find . -xdev "${prune[@]}" -mindepth 1 -type d -print0 | sort -zr \\
    | xargs -0r rmdir --ignore-fail-on-non-empty 2>/dev/null
test -z "$(find . -xdev "${prune[@]}" ! -type d -print -quit)" """
