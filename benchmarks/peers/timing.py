"""Timing from outside: child processes by their own accounting, workers that stay alive, and turns taken between programs."""

import json
import os
import statistics
import subprocess
import tempfile
import time


class Missing(Exception):
    """A program, package or file that a row needs and that is not there; the text is the reason shown in the table."""


ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "DP_INTRA_OP_PARALLELISM_THREADS",
    "DP_INTER_OP_PARALLELISM_THREADS",
)


def one_thread():
    """The environment of everything that is timed."""
    return {**os.environ, **{name: "1" for name in ONE_THREAD}}


def run(command, cwd=None):
    """Runs a command to its end: {"wall", "cpu"} in seconds. Missing if it cannot start, RuntimeError if it fails."""
    begin = time.perf_counter()
    try:
        child = subprocess.Popen(
            [str(word) for word in command], cwd=cwd, env=one_thread(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise Missing(f"{command[0]}: {error.strerror}") from error
    with child.stderr as pipe:
        errors = pipe.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{os.path.basename(str(command[0]))} ended with status {child.returncode}: {errors.strip()[-300:]}")
    return {"wall": time.perf_counter() - begin, "cpu": usage.ru_utime + usage.ru_stime}


def difference(short, long, units):
    """What `units` more of the same work cost: start-up and file reading cancel."""
    return {key: (long[key] - short[key]) / units for key in ("wall", "cpu")}


class Worker:
    """A script in another Python that answers JSON lines; it waits without using the processor while others are timed."""

    def __init__(self, python, script, *arguments):
        if not os.path.exists(python):
            raise Missing(f"no Python at {python}")
        # A file, not a pipe: nobody reads along, and a full pipe would stop the worker.
        self._errors = tempfile.TemporaryFile("w+")
        self._child = subprocess.Popen(
            [str(python), str(script), *map(str, arguments)],
            env=one_thread(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.stdin.close()
        try:
            self._child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()
        self._errors.close()

    def ask(self, **request):
        """One request, one answer. Missing when the worker says that something is not installed."""
        try:
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._errors.seek(0)
            raise RuntimeError("worker ended: " + " ".join(self._errors.read()[-400:].split()))
        answer = json.loads(line)
        if "missing" in answer:
            raise Missing(answer["missing"])
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


def interleave(contestants, rounds):
    """contestants: {name: function that returns {"wall", "cpu"}}. Each runs once uncounted, then all take turns."""
    samples = {name: [] for name in contestants}
    for measure in contestants.values():
        measure()
    for _ in range(rounds):
        for name, measure in contestants.items():
            samples[name].append(measure())
    return samples


def summary(samples):
    """Median, smallest and largest of each clock."""
    return {
        clock: {
            "median": statistics.median(s[clock] for s in samples),
            "min": min(s[clock] for s in samples),
            "max": max(s[clock] for s in samples),
        }
        for clock in ("wall", "cpu")
    }


def ratios(above, below):
    """above/below turn by turn, CPU time: a drift of the machine's speed cancels."""
    values = [a["cpu"] / b["cpu"] for a, b in zip(above, below) if b["cpu"] > 0]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
