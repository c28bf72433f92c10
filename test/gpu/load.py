# Loads the first GPU in known steps, as load.cu does, by torch or cupy: PART:SECONDS ...
import sys
import time

try:
    import torch

    a = torch.rand(4096, 4096, device="cuda", dtype=torch.float32)
    multiply, wait = lambda: a @ a, torch.cuda.synchronize
except ImportError:
    import cupy

    a = cupy.random.rand(4096, 4096, dtype=cupy.float32)
    multiply, wait = lambda: a @ a, cupy.cuda.runtime.deviceSynchronize

for step in sys.argv[1:]:
    part, seconds = map(float, step.split(":"))
    print(step, flush=True)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        while time.monotonic() < begin + 0.1 * part:
            multiply()
            wait()
        time.sleep(max(0, begin + 0.1 - time.monotonic()))
