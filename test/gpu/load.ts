import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The first GPU computes for this part of the time, so long. */
export interface LoadStep {
  readonly part: number;
  readonly forS: number;
}

/** A way to load the first GPU in steps; it ends when they are over. */
export interface Load {
  /** How, for the table. */
  readonly how: string;
  run(steps: readonly LoadStep[]): Promise<void>;
}

const NVCC = ['/usr/local/cuda/bin/nvcc', '/usr/bin/nvcc', '/opt/cuda/bin/nvcc'];

/**
 * The first way that there is here: a program of CUDA, if there is a compiler; Python with torch or cupy; else none, and the card idles.
 * @param dir where the program is compiled
 */
export function findLoad(dir: string): Load {
  const nvcc = NVCC.find((path) => existsSync(path));
  if (nvcc !== undefined) {
    const program = join(dir, 'load');
    execFileSync(nvcc, ['-O2', '-std=c++14', '-o', program, join(__dirname, 'load.cu')], { stdio: 'pipe' });
    return byProgram('CUDA', program, []);
  }
  for (const name of ['torch', 'cupy']) {
    const { status } = spawnSync('python3', ['-c', `import ${name}; ${CHECKS[name]}`], { stdio: 'ignore' });
    if (status === 0) return byProgram(name, 'python3', [join(__dirname, 'load.py')]);
  }
  return IDLE;
}

const CHECKS: Readonly<Record<string, string>> = {
  torch: 'assert torch.cuda.is_available()',
  cupy: 'assert cupy.cuda.runtime.getDeviceCount() > 0',
};

/** Nothing is done; also for a stand-in, whose power is a function of time. */
export const IDLE: Load = {
  how: 'none: neither nvcc nor Python with torch or cupy is here',
  run: (steps) => sleep(1000 * steps.reduce((sum, { forS }) => sum + forS, 0)),
};

function byProgram(how: string, program: string, args: readonly string[]): Load {
  return {
    how,
    run: (steps) =>
      new Promise((resolve, reject) => {
        const words = steps.map(({ part, forS }) => `${part}:${forS}`);
        const child = spawn(program, [...args, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
        child.once('error', reject);
        child.once('exit', (status) => {
          if (status === 0) resolve();
          else reject(new Error(`the load (${how}) ended with status ${status}`));
        });
      }),
  };
}
