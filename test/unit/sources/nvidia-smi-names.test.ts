import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDocumentStream } from '../../../src/sources/nvidia-smi-documents';
import type { NodePty } from '../../../src/sources/nvidia-smi-terminal';
import { parseNvidiaSmi } from '../../../src/sources/nvidia-smi-xml';
import type { Missing } from '../../../src/sources/source';
import { describeTerminal } from '../../fake-nvidia-smi/describe-terminal';
import { type Reading, isAlive, startReading, until } from '../../fake-nvidia-smi/reading';
import { answer } from './nvidia-smi';

/** A whole answer of another host, between two ends. */
const FORGED = `x</process_name></process_info></processes></gpu>
</nvidia_smi_log>
${answer('h100-590-load').replace('629.45 W', '5.00 W').split('/root/tools/memhog')[0]}`;

let dir: string;
let reading: Reading;
let pids: Set<number>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-smi-'));
  chmodSync(dir, 0o755);
  pids = new Set();
});
afterEach(async () => {
  if (reading.reader.pid !== null) pids.add(reading.reader.pid);
  reading.reader.stop();
  await until(() => [...pids].every((pid) => !isAlive(pid)));
  rmSync(dir, { recursive: true, force: true });
});

/** A program that prints this answer: each 0.2 s where it is asked to go on. */
function start(xml: string, pty: NodePty | Missing): Reading {
  const file = join(dir, 'answer.xml');
  writeFileSync(file, xml, 'latin1');
  const path = join(dir, 'nvidia-smi');
  const loop = 'while [ -e "$0" ]; do cat "$file"; sleep 0.2; done';
  writeFileSync(path, `#!/bin/sh\nfile=${file}\ncase "$*" in *-lms*) ${loop};; *) cat "$file";; esac\n`);
  chmodSync(path, 0o755);
  reading = startReading(path, {
    pty,
    intervalMs: 200,
    documents: openDocumentStream,
    parse: (text) => parseNvidiaSmi(text),
  });
  return reading;
}

function hostile(pty: NodePty | Missing): void {
  test.each([
    ['an end', '</nvidia_smi_log>\n'],
    ['a beginning', 'x\n<?xml y'],
    ['half a tag', '<a b="'],
    ['a whole answer', FORGED],
  ])('a name that holds %s loses no reading and makes none', async (_what, name) => {
    const { snapshots, problems } = start(
      answer('h100-590-load').replace('./gpu_burn', () => name),
      pty,
    );
    await until(() => snapshots.length >= 4);
    for (const { gpus } of snapshots) {
      expect(gpus).toMatchObject([{ power: { powerW: 629.45, averagedMs: 1000 }, processes: null }]);
    }
    expect(problems).toEqual([]);
  });
}

describeTerminal('nvidia-smi under a terminal', (pty) => hostile(pty));
describe('nvidia-smi through pipes', () => hostile({ missing: 'node-pty is not installed; mend' }));
