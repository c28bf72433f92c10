// Appends the lines of one ledger's inbox to another's, some at a time, as shippers do: node shipping-loop.mjs APPEND DURABLE FROM TO CLUSTER
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , append, durable, from, to, cluster] = process.argv;
const require = createRequire(import.meta.url);
const { appendLines } = require(append);
const { finishNow } = require(durable);
const ROUNDS = 100;

const inbox = join(from, cluster, 'inbox');
const files = readdirSync(inbox).flatMap((day) =>
  readdirSync(join(inbox, day)).map((name) => ({
    target: join(to, cluster, 'inbox', day, name),
    // A half line at the end stays where it is: the shipper carries whole ones.
    lines: readFileSync(join(inbox, day, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => `${line}\n`),
  })),
);
const most = Math.max(...files.map(({ lines }) => lines.length));
const linesAtOnce = Math.ceil(most / ROUNDS);
while (files.some(({ lines }) => lines.length > 0)) {
  for (const { target, lines } of files) {
    if (lines.length === 0) continue;
    mkdirSync(join(target, '..'), { recursive: true });
    finishNow(appendLines(target, Buffer.from(lines.splice(0, linesAtOnce).join('')), 0o600));
  }
  await sleep(50);
}
