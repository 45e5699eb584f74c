"""The other end of timing.Worker: JSON lines in, JSON lines out, whatever libraries print goes to stderr."""

import json
import os
import sys
import time


def serve(handlers):
    """handlers: {request["do"]: function(request) -> dict}. A missing module is an answer, so is any other failure."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = handlers[request["do"]](request)
        except ImportError as error:
            answer = {"missing": f"not installed: {error}"}
        except Exception as error:  # one row of a table fails, not the run
            answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def timed(call, least_seconds):
    """Seconds of one call, averaged over as many as fill least_seconds (at least one)."""
    calls, wall, cpu = 0, time.perf_counter(), time.process_time()
    while calls == 0 or time.perf_counter() - wall < least_seconds:
        call()
        calls += 1
    return {"wall": (time.perf_counter() - wall) / calls, "cpu": (time.process_time() - cpu) / calls, "calls": calls}
