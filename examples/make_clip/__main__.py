"""Make examples/talking_face.mp4: `python examples/make_clip`. See examples/README.md."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from acting import FPS, POSES, Moment, perform
from camera import FILM, WORK, Camera
from generator import Generator
from landmarks import Watcher
from PIL import Image
from rich.progress import track
from rig import Rig, Space, build, survey
from voice import RATE, Voice, loudness

from espressivo.assets import cache_dir
from espressivo.media.encode import write_video
from espressivo.media.provenance import mark_samples, metadata

TEXT = "I didn't get the job. I really wanted it, and now I don't know what to do."
BLEND = {"af_bella": 0.75, "af_nicole": 0.25}
PERSON, TRUNCATION = 1280, 0.6
FACES, FIRST_FACE = 350, 1000
SEED = 7
MADE = datetime(2026, 11, 20, tzinfo=UTC)  # fixed, so that the same commands give the same file
HERE = Path(__file__).resolve().parent.parent


def main() -> None:
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    samples, phones = Voice(BLEND).say(TEXT, speed=1.06, pause=0.08, before=0.12, after=0.75)
    frames = int(len(samples) / RATE * FPS)
    samples = samples[: round(frames / FPS * RATE)] * (0.7 / np.abs(samples).max())
    moments = perform(phones, loudness(samples, FPS, frames), SEED)
    generator, watcher = Generator(), Watcher()
    rig = _rig(generator, watcher, options.work)
    _portrait(generator, rig, options.out.with_name("portrait.jpg"))
    pictures = _film(generator, watcher, rig, moments[:: options.every])
    if options.every > 1:
        _sheet(pictures, options.work / "sheet.png")
        return
    facts = metadata("synthetic video", created=MADE)
    write_video(options.out, pictures, FPS, mark_samples(samples, RATE), RATE, quality=21, metadata=facts)
    print(f"{options.out}: {frames / FPS:.2f} s, {options.out.stat().st_size / 1e3:.0f} kB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make_clip", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=HERE / "talking_face.mp4")
    parser.add_argument("--work", type=Path, default=cache_dir() / "make_clip", help="keeps what was learned")
    parser.add_argument("--every", type=int, default=1, help="N > 1: only each Nth picture, as WORK/sheet.png")
    return parser.parse_args()


def _rig(generator: Generator, watcher: Watcher, work: Path) -> Rig:
    """The person's rig, learned or read back."""
    kept = work / f"rig-{PERSON}.npz"
    learned = work / f"space-{FACES}.npz"
    if not learned.exists():
        survey(generator, watcher, FACES, FIRST_FACE).save(learned)
    if not kept.exists():
        build(generator, watcher, Space.load(learned), generator.person(PERSON, TRUNCATION)).save(kept)
    return Rig.load(kept)


def _portrait(generator: Generator, rig: Rig, path: Path) -> None:
    """Her picture at rest, for whoever wants to animate it."""
    picture = Image.fromarray(generator.draw(rig.rest)).resize((512, 512), Image.Resampling.LANCZOS)
    picture.save(path, quality=92, comment=metadata("synthetic picture", created=MADE)["comment"])


def _film(generator: Generator, watcher: Watcher, rig: Rig, moments: list[Moment]) -> list[np.ndarray]:
    """All pictures, uint8 (FILM, FILM, 3) RGB."""

    def drawn(weights: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
        picture = cv2.resize(generator.draw(rig.latents(weights)), (WORK, WORK), interpolation=cv2.INTER_AREA)
        points = watcher.points(picture)
        if points is None:
            raise RuntimeError(f"no face at {weights}: choose another seed")
        return picture, points

    camera = Camera(*drawn(dict.fromkeys(POSES, 0.0)))
    return [camera.shoot(*drawn(moment.weights), moment) for moment in track(moments, "filming")]


def _sheet(pictures: list[np.ndarray], path: Path, across: int = 6) -> None:
    """A contact sheet."""
    blank = np.zeros((FILM, FILM, 3), np.uint8)
    padded = pictures + [blank] * (-len(pictures) % across)
    rows = [np.hstack(padded[i : i + across]) for i in range(0, len(padded), across)]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()
