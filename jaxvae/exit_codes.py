"""How a script ends, as its exit code says it."""

import signal

USER_ERROR = 2
SURROUNDINGS = 3
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
