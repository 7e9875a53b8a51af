"""Where a dataset's files lie: a local folder, or any fsspec URL (memory://, s3://, gs://, ...).

Paths here are relative to the dataset's root, with forward slashes. Three promises carry the dataset's safety:
- ``create`` makes a file that was not there or raises FileExistsError, atomically: of two writers one wins.
- ``replace`` swaps a file's content atomically: a reader sees the old bytes or the new ones.
- ``adopt`` moves a finished local file in; an existing file of that name (names carry the digest) is left as it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from graphkit.errors import DatasetError

__all__ = ["LocalStorage", "RemoteStorage", "Storage", "sha256_of", "storage_at"]

_STAGING = ".staging"


class Storage(Protocol):
    """A dataset's root folder."""

    url: str

    def exists(self, path: str) -> bool: ...
    def read(self, path: str) -> bytes: ...
    def size(self, path: str) -> int: ...
    def modified(self, path: str) -> float: ...
    def create(self, path: str, data: bytes) -> None: ...
    def replace(self, path: str, data: bytes) -> None: ...
    def adopt(self, local: Path, path: str) -> None: ...
    def delete(self, path: str) -> None: ...
    def list(self, folder: str) -> list[str]: ...
    def open(self, path: str) -> Any: ...
    def duckdb_path(self, path: str) -> str: ...
    def register(self, connection: Any) -> None: ...
    def staging(self) -> contextlib.AbstractContextManager[Path]: ...


def storage_at(url: str | os.PathLike[str]) -> Storage:
    """The storage at a local path or an fsspec URL."""
    text = os.fspath(url)
    if "://" in text and not text.startswith("file://"):
        return RemoteStorage(text)
    return LocalStorage(Path(text.removeprefix("file://")))


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a local file."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _said_plainly(path: str) -> Iterator[None]:
    """A full disk or a missing permission as one clear error; what was there stays as it was."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DatasetError(
                f"No space left while writing {path!r}; the dataset is as it was before.",
                hint="Free some space, or write to another disk, and run the command again.",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
            raise DatasetError(
                f"Cannot write {path!r}: {error.strerror}.",
                hint="Write to a folder that you may write to (-o or -d).",
            ) from error
        raise


class LocalStorage:
    """A folder on a local (or mounted) disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)

    def _at(self, path: str) -> Path:
        return self.root / path

    def exists(self, path: str) -> bool:
        return self._at(path).exists()

    def read(self, path: str) -> bytes:
        return self._at(path).read_bytes()

    def size(self, path: str) -> int:
        return self._at(path).stat().st_size

    def modified(self, path: str) -> float:
        return self._at(path).stat().st_mtime

    def _written_beside(self, path: str, data: bytes) -> Path:
        target = self._at(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    def create(self, path: str, data: bytes) -> None:
        with _said_plainly(path):
            temporary = self._written_beside(path, data)
            try:
                os.link(temporary, self._at(path))  # unlike a rename, a link never replaces
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                    raise
                with self._at(path).open("xb") as file:  # a disk without hard links
                    file.write(data)
            finally:
                temporary.unlink(missing_ok=True)

    def replace(self, path: str, data: bytes) -> None:
        with _said_plainly(path):
            self._written_beside(path, data).replace(self._at(path))

    def adopt(self, local: Path, path: str) -> None:
        target = self._at(path)
        with _said_plainly(path):
            if target.exists():
                target.touch()  # young again, so that a prune running now leaves it alone
                local.unlink()
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            with local.open("rb") as file:
                os.fsync(file.fileno())
            local.replace(target)

    def delete(self, path: str) -> None:
        self._at(path).unlink(missing_ok=True)

    def list(self, folder: str) -> list[str]:
        place = self._at(folder)
        if not place.is_dir():
            return []
        return sorted(f"{folder}/{p.name}" for p in place.iterdir() if p.is_file() and not p.name.startswith("."))

    def open(self, path: str) -> Any:
        return self._at(path).open("rb")

    def duckdb_path(self, path: str) -> str:
        return str(self._at(path).absolute())

    def register(self, connection: Any) -> None:
        """DuckDB reads local files by itself."""

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder on the same disk for files not finished yet; gone afterwards.

        Folders that killed writers of this machine left behind are removed on the way in.
        """
        import shutil
        import socket

        base = self._at(_STAGING)
        new = not base.parent.exists()
        with _said_plainly(self.url):
            _remove_abandoned(base)
            own = base / f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
            _make_folder(own)
        try:
            with _said_plainly(self.url):
                yield own
        finally:
            shutil.rmtree(own, ignore_errors=True)
            with contextlib.suppress(OSError):
                base.rmdir()
                if new:  # nothing was committed if it is empty
                    base.parent.rmdir()


def _make_folder(folder: Path) -> None:
    while True:
        try:
            return folder.mkdir(parents=True)
        except FileNotFoundError:  # another writer, done, removed the empty parent in between
            continue
        except FileExistsError:  # or made it and removed it
            if folder.parent.is_file():
                raise


def _remove_abandoned(base: Path) -> None:
    import shutil
    import socket

    host = socket.gethostname()
    try:
        folders = list(base.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for folder in folders:
        name, _, rest = folder.name.rpartition("-")
        owner, _, pid = name.rpartition("-")
        if rest and owner == host and pid.isdigit() and not Path(f"/proc/{pid}").exists() and not _alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class RemoteStorage:
    """An fsspec URL. Object stores have no rename: files are put whole, and created only where they were not."""

    def __init__(self, url: str) -> None:
        import fsspec

        self.url = url.rstrip("/")
        protocol = url.split("://", 1)[0]
        try:
            self._fs, self._root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise DatasetError(
                f"Cannot open the URL {url!r}: {error}",
                hint=f"Install the fsspec package that serves {protocol}:// (for s3:// it is s3fs, for gs:// gcsfs).",
            ) from error

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def exists(self, path: str) -> bool:
        return bool(self._fs.exists(self._at(path)))

    def read(self, path: str) -> bytes:
        return bytes(self._fs.cat_file(self._at(path)))

    def size(self, path: str) -> int:
        return int(self._fs.size(self._at(path)))

    def modified(self, path: str) -> float:
        return float(self._fs.modified(self._at(path)).timestamp())

    def create(self, path: str, data: bytes) -> None:
        with _said_plainly(path):
            self._fs.pipe_file(self._at(path), data, mode="create")

    def replace(self, path: str, data: bytes) -> None:
        with _said_plainly(path):
            self._fs.pipe_file(self._at(path), data)

    def adopt(self, local: Path, path: str) -> None:
        with _said_plainly(path):
            if not self.exists(path) or self.size(path) != local.stat().st_size:
                self._fs.put_file(str(local), self._at(path))
        local.unlink()

    def delete(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._at(path))

    def list(self, folder: str) -> list[str]:
        try:
            entries = self._fs.ls(self._at(folder), detail=True)
        except FileNotFoundError:
            return []
        names = (str(e["name"]).rstrip("/").rsplit("/", 1)[-1] for e in entries if e["type"] == "file")
        return sorted(f"{folder}/{name}" for name in names if not name.startswith("."))

    def open(self, path: str) -> Any:
        return self._fs.open(self._at(path), "rb")

    def duckdb_path(self, path: str) -> str:
        return str(self._fs.unstrip_protocol(self._at(path)))

    def register(self, connection: Any) -> None:
        connection.register_filesystem(self._fs)

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """A local temporary folder; finished files are uploaded from it."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="graphkit-") as folder, _said_plainly(folder):
            yield Path(folder)
