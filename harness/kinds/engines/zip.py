"""A ZIP archive with modes, owners by number, links and empty folders; what the format cannot keep is refused.

A ZIP that was made or unpacked without them gives back a tree whose scripts cannot be run (design fact 7). Owners stand
in the field that Info-ZIP uses, so that `unzip -X` of others restores them as well.
Requirements: XLR-5, GEN-D15, GEN-D16. Source: PKWARE APPNOTE 6.3.9; Info-ZIP, extra field 0x7875.
"""

from __future__ import annotations

from harness.errors import CommandFailed
from harness.kinds.contracts import BackupAccess, KindOptions, RestoreAccess, Shell, ToolImage, nested_in
from harness.kinds.engines._trees import CLEAR
from harness.model.frozen import JsonValue

COMPONENTS = frozenset({"file_tree"})
TOLERATES_OPEN_FILES = False  # a file that shrinks or grows while it is packed ends the backup
CAPTURE_POINT = "finished"
ARCHIVE = "tree.zip"

_PACK = r"""
import os, stat, struct, sys, time, zipfile
root, nested = os.fsencode(sys.argv[1]), {os.fsencode(name) for name in sys.argv[2:]}
refused = []
def entry(path, name, is_):
    when = time.gmtime(max(is_.st_mtime, 315532800))[:6]
    info = zipfile.ZipInfo(name + ("/" if stat.S_ISDIR(is_.st_mode) else ""), when)
    info.create_system, info.external_attr = 3, is_.st_mode << 16 | (0x10 if stat.S_ISDIR(is_.st_mode) else 0)
    info.extra = struct.pack("<HHBBIBI", 0x7875, 11, 1, 4, is_.st_uid, 4, is_.st_gid)
    info.extra += struct.pack("<HHBI", 0x5455, 5, 1, int(is_.st_mtime) & 0xFFFFFFFF)
    return info
def add(path):
    is_ = os.lstat(path); kind = stat.S_IFMT(is_.st_mode)
    below = os.path.relpath(path, root)
    try:
        name = below.decode()
    except UnicodeDecodeError:
        return refused.append(f"{below!r}: its name is no UTF-8")
    if kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        return refused.append(f"{name}: no file, folder or link")
    if kind == stat.S_IFREG and is_.st_nlink > 1:
        return refused.append(f"{name}: one of {is_.st_nlink} names of one file")
    if kind != stat.S_IFLNK and any(a != "security.selinux" for a in os.listxattr(path, follow_symlinks=False)):
        return refused.append(f"{name}: extended attributes or an access list")
    info = entry(path, name, is_)
    if kind == stat.S_IFDIR:
        archive.writestr(info, b"")
    elif kind == stat.S_IFLNK:
        archive.writestr(info, os.readlink(path))
    else:
        info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, is_.st_size
        read = 0
        with open(path, "rb") as file, archive.open(info, "w", force_zip64=is_.st_size > 1 << 31) as packed:
            while piece := file.read(1 << 20):
                read += len(piece); packed.write(piece)
        if read != is_.st_size:
            sys.exit(f"{name} had {is_.st_size} bytes and gave {read}: it changed while it was packed")
count = 0
with zipfile.ZipFile("/artefact/tree.zip", "w", compresslevel=1, allowZip64=True) as archive:
    for folder, folders, files in os.walk(root, onerror=lambda error: sys.exit(str(error))):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        add(folder)
        for name in sorted([*files, *links]):
            add(os.path.join(folder, name)); count += 1
        here = [name for name in folders if os.path.relpath(os.path.join(folder, name), root) in nested]
        for name in here:
            add(os.path.join(folder, name))
        folders[:] = [name for name in folders if name not in links and name not in here]
if refused:
    sys.exit(f"a ZIP archive cannot keep {len(refused)} things, the engine tar can: " + "; ".join(refused[:5]))
print(count)
"""
_UNPACK = r"""
import os, shutil, stat, struct, sys, zipfile
root, folders, links = sys.argv[1], [], []
def owner(info):
    extra = info.extra
    while len(extra) >= 4:
        name, size = struct.unpack("<HH", extra[:4])
        if name == 0x7875 and size == 11:
            return struct.unpack("<I", extra[6:10])[0], struct.unpack("<I", extra[11:15])[0]
        extra = extra[4 + size:]
    sys.exit(f"{info.filename} has no owner: another tool made this archive")
def changed(info):
    extra = info.extra
    while len(extra) >= 4:
        name, size = struct.unpack("<HH", extra[:4])
        if name == 0x5455:
            return struct.unpack("<I", extra[5:9])[0]
        extra = extra[4 + size:]
    return 0
try:
    archive = zipfile.ZipFile("/artefact/tree.zip")
    infos = archive.infolist()
    leads = {info.filename for info in infos if stat.S_ISLNK(info.external_attr >> 16)}
    for info in infos:
        parts = info.filename.rstrip("/").split("/")
        if info.filename.startswith("/") or ".." in parts:
            sys.exit(f"tree.zip holds {info.filename!r}, which leaves the tree")
        if any("/".join(parts[:end]) in leads for end in range(1, len(parts))):
            sys.exit(f"tree.zip holds {info.filename!r} below a symbolic link")
    for info in infos:
        path, mode = os.path.normpath(os.path.join(root, info.filename)), info.external_attr >> 16
        if stat.S_ISDIR(mode):
            os.makedirs(path, exist_ok=True); folders.append((path, info))
        elif stat.S_ISLNK(mode):
            links.append((path, info))
        elif stat.S_ISREG(mode):
            with archive.open(info) as packed, open(path, "xb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
            os.chown(path, *owner(info)); os.chmod(path, stat.S_IMODE(mode)); os.utime(path, (changed(info),) * 2)
        else:
            sys.exit(f"{info.filename} has no mode: another tool made this archive")
    for path, info in links:
        os.symlink(archive.read(info), os.fsencode(path)); os.lchown(path, *owner(info))
    for path, info in reversed(folders):
        os.chown(path, *owner(info)); os.chmod(path, stat.S_IMODE(info.external_attr >> 16))
        os.utime(path, (changed(info),) * 2)
except (OSError, EOFError, ValueError, zipfile.BadZipFile, struct.error) as error:
    sys.exit(f"tree.zip cannot be unpacked: {error}")
"""


class Options(KindOptions):
    pass


def backup(access: BackupAccess) -> dict[str, JsonValue]:
    """Write `tree.zip`, staying on the tree's volume.

    Given: a tree at rest. Raises: CommandFailed if it holds what a ZIP cannot keep (hard links, special files, extended
    attributes, names that are no UTF-8), or a file changes meanwhile.
    """
    path = str(access.component.options["path"])
    with access.stack.tool(
        access.component.service,
        image=ToolImage.TOOLS,
        writable=False,
        artefact=access.artefact,
        artefact_writable=True,
    ) as shell:
        count = _python(shell, _PACK, path, *nested_in(path, access), timeout_s=access.timeout_s)
    return {"tool": "ZIP with modes, owners and links", "files": int(count)}


def restore(access: RestoreAccess) -> None:
    """Empty the tree, then unpack; nothing of the archive may leave the tree (DESIGN 8).

    Raises: CommandFailed if the archive is hostile, damaged, or lacks modes and owners.
    """
    path = str(access.component.options["path"])
    with access.stack.tool(
        access.component.service, image=ToolImage.TOOLS, writable=True, artefact=access.artefact
    ) as shell:
        shell.run(["bash", "-c", CLEAR, "clear", path, *nested_in(path, access)], timeout_s=access.timeout_s).ok()
        _python(shell, _UNPACK, path, timeout_s=access.timeout_s)


def _python(shell: Shell, program: str, *words: str, timeout_s: float) -> str:
    said = shell.run(["python3", "-c", program, *words], timeout_s=timeout_s)
    if said.exit_code:
        raise CommandFailed(said.stderr.decode(errors="replace").strip()[-2000:])
    return said.text.strip()
