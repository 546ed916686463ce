"""How fast SmolLM2-135M-Instruct is decoded here, beside transformers and llama.cpp, and what that costs in quality.

    python benchmarks/decoding.py            (ROUNDS=1 for a quick look)

In each round every engine, in its own process and one after the other, reads the same prompt and writes the same
number of tokens, greedily; figures are medians over rounds, so a machine that grows busy slows all alike. Perplexity
is on CMU Arctic prompts where the corpora are there, else on a text written for this; it is taken over the same
windows for all engines. Writes benchmarks/results/decoding.json.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from common import REPOSITORY, save, table

ROUNDS = int(os.environ.get("ROUNDS", "5"))
PROMPT_TOKENS, NEW_TOKENS, WINDOW, TEXT_TOKENS = 150, 96, 512, 4096
ENGINES = (
    "transformers fp32",
    "transformers bf16",
    "ours float32",
    "ours int8",
    "ours int8, 1 thread",
    "llama.cpp Q4_1",
)
BASE = "transformers fp32"

# Original, for machines without the corpora: plain prose that no model can have seen.
HELD = """
The ferry left the small harbour a little after seven, with eleven passengers, two bicycles and a crate of lemons on
board. Marta stood at the rail and counted the lamps along the shore, as she had done every evening since her brother
moved to the island. There were thirty-one of them, unless the baker forgot to switch on his. Tonight the baker had
forgotten. She smiled, took out her notebook and wrote down thirty, then the weather, then what she had eaten. It was a
habit without a purpose, and that was what she liked about it. Behind her an old man was explaining to a boy why ships
do not sink. He explained it badly, with many pauses, but the boy nodded as if each pause held something important.
When the engine changed its tone and the water turned from grey to black, they all fell silent for a while. Somebody
began to peel an orange. The smell went round the deck like a rumour. Halfway across, the captain slowed down, because
he had seen a light where no light should be. It was a fishing boat with a broken motor, and the two women in it were
playing cards by torchlight. They did not seem to be in a hurry. A rope was thrown, missed, thrown again and caught.
The women asked whether anyone had sugar for their tea. Nobody had, but the boy gave them a lemon from the crate,
after looking at the captain, who looked the other way. They reached the island forty minutes late. Her brother was
waiting on the pier with an umbrella, although it had not rained for weeks. He said that he had learned not to trust
the sky, and that there was soup. On the way up the hill she told him about the light, the rope and the cards, and left
out the lemon, which was not hers to tell.
"""


def folders() -> tuple[Path, Path, Path]:
    """The transformers folder, our decoder's folder and the GGUF file."""
    from espressivo.assets import fetch
    from espressivo.assets.convert import language_model
    from espressivo.engines.chat.local import default_folder

    found = fetch("smollm2-135m")
    gguf = found if found.is_file() else next(found.glob("*.gguf"))
    return language_model(), default_folder(), gguf


def float32_folder() -> Path:
    from espressivo.assets.convert import language_model
    from espressivo.engines.decoder.export import exported

    return exported("smollm2-135m", language_model, weights="float32")


def tokens() -> tuple[list[int], list[int], str]:
    """A prompt of PROMPT_TOKENS, the held text, and which text that is."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folders()[1] / "tokenizer.json"))
    root = Path(os.environ.get("ESPRESSIVO_DATA", REPOSITORY.parent / "shared" / "data")) / "kathleen" / "data"
    sentences = list(dict.fromkeys(file.read_text().strip() for file in sorted(root.glob("*.txt"))))
    text, name = (" ".join(sentences), "CMU Arctic prompts") if sentences else (HELD, "a text written for this")
    return tokenizer.encode(HELD).ids[:PROMPT_TOKENS], tokenizer.encode(text).ids[:TEXT_TOKENS], name


class Ours:
    """espressivo's decoder."""

    def __init__(self, weights: str, threads: int | None) -> None:
        from espressivo.engines.decoder.decoder import Decoder

        self.decoder = Decoder.load(folders()[1] if weights == "int8" else float32_folder(), threads=threads)

    def generate(self, prompt: list[int], on_token: Callable[[], None]) -> None:
        self.decoder.generate(prompt, max_new_tokens=NEW_TOKENS, on_token=lambda token: on_token())

    def logits(self, ids: list[int]) -> np.ndarray:
        return self.decoder.read(self.decoder.state(), ids, all_logits=True)[0]


class Transformers:
    """Plain `generate` of transformers, with its cache, as anyone would call it."""

    def __init__(self, dtype: str) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self.torch = torch
        self.model = AutoModelForCausalLM.from_pretrained(folders()[0], dtype=getattr(torch, dtype)).eval()
        self.model.generation_config.eos_token_id = None

    def generate(self, prompt: list[int], on_token: Callable[[], None]) -> None:
        from transformers.generation.streamers import BaseStreamer

        class Streamer(BaseStreamer):
            prompt_seen = False

            def put(self, value: Any) -> None:
                if self.prompt_seen:
                    on_token()
                self.prompt_seen = True

            def end(self) -> None:
                pass

        with self.torch.inference_mode():
            self.model.generate(
                self.torch.tensor([prompt]),
                max_new_tokens=NEW_TOKENS,
                do_sample=False,
                streamer=Streamer(),
                pad_token_id=2,
            )

    def logits(self, ids: list[int]) -> np.ndarray:
        with self.torch.inference_mode():
            return self.model(self.torch.tensor([ids])).logits[0].float().numpy()


class LlamaCpp:
    """llama.cpp through xllamacpp: a server's interface, which takes text or ids, but no embeddings."""

    def __init__(self) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(folders()[2])
        params.n_ctx, params.n_parallel, params.warmup = 1024, 1, True
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
        self.server = xllamacpp.Server(params)

    def timings(self, prompt: list[int]) -> dict[str, Any]:
        """Its own clock: ms for the prompt and for each token."""
        request = {
            "prompt": prompt,
            "n_predict": NEW_TOKENS,
            "temperature": 0,
            "ignore_eos": True,
            "cache_prompt": False,
        }
        answer = self.server.handle_completions(request)
        answer = json.loads(answer) if isinstance(answer, str | bytes) else answer
        timings: dict[str, Any] = answer["timings"]
        return timings


def measured(engine: Any, prompt: list[int]) -> dict[str, float]:
    """Tokens a second while decoding and while reading the prompt, and ms until the first token."""
    if isinstance(engine, LlamaCpp):
        got = engine.timings(prompt)
        return {
            "tokens_per_s": 1000 / got["predicted_per_token_ms"],
            "prompt_tokens_per_s": 1000 / got["prompt_per_token_ms"],
            "first_token_ms": got["prompt_ms"],
        }
    times = [time.perf_counter()]
    engine.generate(prompt, lambda: times.append(time.perf_counter()))
    first = times[1] - times[0]
    rate = (len(times) - 2) / (times[-1] - times[1])
    return {"tokens_per_s": rate, "prompt_tokens_per_s": len(prompt) / first, "first_token_ms": 1000 * first}


def negative_log(engine: Any, ids: list[int]) -> float:
    """Mean over the text of -log p(token), each window on its own."""
    from espressivo.engines.decoder.sampling import log_softmax

    losses = []
    for begin in range(0, len(ids), WINDOW):
        window = ids[begin : begin + WINDOW]
        if len(window) > 1:
            losses.append(-log_softmax(engine.logits(window)[:-1].astype(np.float32), np.array(window[1:])))
    return float(np.concatenate(losses).mean())


def make(name: str) -> Any:
    if name.startswith("transformers"):
        return Transformers("float32" if name.endswith("fp32") else "bfloat16")
    if name.startswith("llama.cpp"):
        return LlamaCpp()
    return Ours("int8" if "int8" in name else "float32", 1 if "1 thread" in name else None)


def peak_memory() -> float:
    """Most megabytes this process has held. Not getrusage: it counts what the parent held before as well."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def serve(name: str) -> None:
    """One engine in its own process: it measures when told to, so that no other engine is in its way."""
    begun = time.perf_counter()
    engine = make(name)
    loaded = time.perf_counter() - begun
    prompt, text, _ = tokens()
    if not isinstance(engine, LlamaCpp):
        engine.logits(prompt[:8])
    for line in sys.stdin:
        result: dict[str, Any] = {}
        if line.strip() == "speed":
            result = measured(engine, prompt)
            result["memory_mb"] = peak_memory()
            result["load_s"] = loaded
        elif not isinstance(engine, LlamaCpp):
            result = {"perplexity": float(np.exp(negative_log(engine, text)))}
        print(json.dumps(result), file=RESULTS, flush=True)


def ask(process: subprocess.Popen[str], what: str) -> dict[str, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(what + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        sys.exit("an engine ended before it answered")
    answer: dict[str, float] = json.loads(line)
    return answer


def main() -> None:
    names = [name for name in ENGINES if not name.startswith("llama.cpp") or find_spec("xllamacpp")]
    skipped = (
        {}
        if len(names) == len(ENGINES)
        else {"llama.cpp Q4_1": "xllamacpp is not installed: pip install 'espressivo[bench]'"}
    )
    text_name = tokens()[2]
    float32_folder()
    command = [sys.executable, __file__, "serve"]
    processes = {name: subprocess.Popen([*command, name], stdin=-1, stdout=-1, text=True) for name in names}
    try:
        speeds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        for number in range(ROUNDS + 1):
            for name in names:
                got = ask(processes[name], "speed")
                if number:  # the first round warms up
                    speeds[name].append(got)
        quality = {name: ask(processes[name], "quality") for name in names}
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    rows = {name: {**_medians(speeds[name]), **quality[name]} for name in names}
    for row in rows.values():
        row["times_fp32"] = row["tokens_per_s"] / rows[BASE]["tokens_per_s"]
        if "perplexity" in row:
            row["perplexity_change_percent"] = 100 * (row["perplexity"] / rows[BASE]["perplexity"] - 1)
    rounded = {name: {key: round(value, 3) for key, value in row.items()} for name, row in rows.items()}
    table(rounded)
    for name, why in skipped.items():
        print(f"skipped {name}: {why}")
    setup = {"rounds": ROUNDS, "prompt_tokens": PROMPT_TOKENS, "new_tokens": NEW_TOKENS, "window": WINDOW}
    save(
        "decoding",
        {"setup": {**setup, "held_text": text_name, "decoding": "greedy"}, "results": rounded, "skipped": skipped},
    )


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(result[key] for result in rounds) for key in rounds[0]}


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        # llama.cpp and transformers also write to standard output: keep it for our answers alone.
        RESULTS = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        serve(sys.argv[2])
    else:
        main()
