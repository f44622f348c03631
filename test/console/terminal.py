"""Runs a command on a terminal of its own and plays a script: lines of JSON, {"wait": text} or {"type": text}.

Prints what the terminal showed, and ends with the command's exit code; 99 when something waited for did not come."""

import json
import os
import pty
import select
import sys
import time

steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])

shown = b""
seen = 0


def read(seconds):
    """Whether something came within the time."""
    global shown
    ready, _, _ = select.select([fd], [], [], seconds)
    if not ready:
        return True
    try:
        part = os.read(fd, 65536)
    except OSError:
        part = b""
    shown += part
    return part != b""


code = None
for step in steps:
    if "type" in step:
        os.write(fd, step["type"].encode())
        continue
    wanted = step["wait"].encode()
    end = time.monotonic() + 20
    while wanted not in shown[seen:]:
        if time.monotonic() > end or not read(0.5):
            code = 99
            break
    if code is not None:
        break
    seen = shown.index(wanted, seen) + len(wanted)
if code is None:
    end = time.monotonic() + 20
    while time.monotonic() < end and read(0.5):
        pass
else:
    os.kill(pid, 9)
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(code if code is not None else os.waitstatus_to_exitcode(status))
