"""How a peer process talks to the test: one JSON object a line.

In, on stdin:   {"id": 1, "do": "gi", ...arguments}
Out, on stdout: {"re": 1, "result": ...} or {"re": 1, "error": "..."} answers a command; {"ev": "...", ...} is an event.

Every command runs in a thread of its own, because the calls of c104 block until the other side has answered and several
may be under way. The process ends when stdin does, so that no peer outlives a test that was killed.
"""

import json
import os
import sys
import threading
import traceback

_writing = threading.Lock()


def emit(message):
    line = json.dumps(message, separators=(",", ":")) + "\n"
    with _writing:
        sys.stdout.write(line)
        sys.stdout.flush()


def event(kind, **fields):
    emit({"ev": kind, **fields})


def serve(commands):
    def run(number, command, arguments):
        try:
            emit({"re": number, "result": command(**arguments)})
        except BaseException:
            emit({"re": number, "error": traceback.format_exc()})

    event("ready")
    for line in sys.stdin:
        message = json.loads(line)
        number, name = message.pop("id"), message.pop("do")
        if name not in commands:
            emit({"re": number, "error": "no such command: " + name})
            continue
        threading.Thread(target=run, args=(number, commands[name], message), daemon=True).start()
    # No orderly end: the threads of c104 may be inside a callback, and the test has seen all it wanted.
    os._exit(0)
