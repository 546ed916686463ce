"""Tiny wheels, and a registry that pins what is in them."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from dataclasses import dataclass
from pathlib import Path

ALPHA = bytes(range(256)) * 40
BETA = b"beta" * 3000
GAMMA = b"gamma" * 100


@dataclass
class World:
    """Where things are, and a way to run code in a process of its own under the same conditions."""

    index: Path
    home: Path
    registry: Path

    def wheel(self, package: str) -> Path:
        return self.index / f"{package}-1.0-py3-none-any.whl"

    def start(self, code: str, **environment: str) -> subprocess.Popen[str]:
        setup = f"import pathlib, espressivo.assets.registry as r; r.REGISTRY = pathlib.Path({str(self.registry)!r})\n"
        return subprocess.Popen(
            [sys.executable, "-c", setup + textwrap.dedent(code)],
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def write_wheel(path: Path, members: dict[str, bytes]) -> None:
    name, version = path.name.split("-")[:2]
    info = f"{name}-{version}.dist-info"
    extra = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: <3\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, content in {**members, **extra}.items():
            wheel.writestr(member, content)


def write_source_archive(path: Path, members: dict[str, bytes]) -> None:
    folder = path.name.removesuffix(".tar.gz")
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members.items():
            info = tarfile.TarInfo(f"{folder}/{member}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def _pin(name: str, content: bytes, parts: str) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f'name = "{name}"\nbytes = {len(content)}\nsha256 = "{digest}"\nparts = [{parts}]\n'


def write_registry(index: Path) -> str:
    lines = []
    for path in sorted(index.iterdir()):
        package = path.name.split("-")[0]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        head = f'[archives.{package}]\nversion = "1.0"\nfile = "{path.name}"\nbytes = {path.stat().st_size}\n'
        lines.append(f'{head}sha256 = "{digest}"\n')
    about = 'what = "w"\nused_for = "u"\nupstream = "s"\nlicence = "MIT"\n'
    hub = f'hub = ["someone/thing", "{"0" * 40}", "sub/gamma.bin"]\n'
    return "\n".join(
        [
            *lines,
            f"[assets.alpha]\n{about}permissive = true\n",
            "[[assets.alpha.files]]\n" + _pin("alpha.bin", ALPHA, '["one", "one/alpha.bin"]'),
            f"[assets.joined]\n{about}permissive = false\n",
            "[[assets.joined.files]]\n"
            + _pin("whole.bin", ALPHA + BETA, '["one", "one/alpha.bin"], ["two", "two/beta"]'),
            "[[assets.joined.files]]\n" + _pin("beta.bin", BETA, '["two", "two/beta"]'),
            f"[assets.gamma]\n{about}permissive = true\n",
            "[[assets.gamma.files]]\n" + _pin("gamma.bin", GAMMA, '["three", "js/gamma.bin"]') + hub,
        ]
    )
