// The host's energy counters by a law of our own, written in real time. See powercap-law.ts, which starts this as a
// process of its own (jest's stalls would be the counters') and ends it by closing its standard input.
//
//   node powercap-law-process.mjs '{"sysRoot": ..., "log": ..., "packages": 1, "maxEnergyUj": ..., ...}'
//
// Says "ready" once the tree is there. The log has a line an update: CLOCK_MONOTONIC in ns, Unix time in ms, then each
// domain's energy since the start in µJ, never wrapped.
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';

const { sysRoot, log, packages, maxEnergyUj, startUj, idleW, fullW, dram, stepMs } = JSON.parse(
  process.argv[2],
);

// Full CPUs must not hold the counters up.
try {
  setPriority(-10);
} catch (error) {
  if (error.code !== 'ERR_SYSTEM_ERROR') throw error;
}

const startMs = performance.now();
const startBusy = busySecondsByCpu();
const counters = makeTree();
const logFd = openSync(log, 'a');
let highest = counters.map(() => 0);
update();
process.stdout.write('ready\n');

const timer = setInterval(update, stepMs);
process.stdin.resume();
process.stdin.once('close', () => {
  clearInterval(timer);
  update();
  for (const { fd } of counters) closeSync(fd);
  closeSync(logFd);
});

function update() {
  const seconds = (performance.now() - startMs) / 1000;
  const busy = busySecondsByCpu().map((now, cpu) => now - (startBusy[cpu] ?? 0));
  // Whole µJ, and never back: /proc/stat counts in ticks and now and then takes one away.
  highest = counters.map(({ energyJ }, index) =>
    Math.max(highest[index], Math.floor(energyJ(seconds, busy) * 1e6)),
  );
  counters.forEach(({ fd }, index) => writeSync(fd, fixedWidth((startUj + highest[index]) % maxEnergyUj), 0));
  // The time from when on a reader finds these values.
  writeSync(logFd, `${process.hrtime.bigint()} ${Date.now()} ${highest.join(' ')}\n`);
}

/** Always as long as the largest value, in one write: a wrap leaves no old digits behind, a reader never finds nothing. */
function fixedWidth(value) {
  return `${String(value).padEnd(String(maxEnergyUj).length)}\n`;
}

/**
 * A package draws idleW, and towards fullW by the part of its CPUs that is busy. Memory does not follow the CPUs at all:
 * baseW and a wave of swingW on it, once every periodSeconds.
 */
function packageEnergy(index) {
  return (seconds, busy) => {
    const own = busy.filter((_, cpu) => Math.floor((cpu * packages) / busy.length) === index);
    const part = own.length === 0 ? 0 : own.reduce((sum, each) => sum + each, 0) / own.length;
    return idleW * seconds + (fullW - idleW) * part;
  };
}

function dramEnergy(seconds) {
  const rate = (2 * Math.PI) / dram.periodSeconds;
  return dram.baseW * seconds + (dram.swingW / rate) * (1 - Math.cos(rate * seconds));
}

/** https://docs.kernel.org/power/powercap/powercap.html: zones below devices/, and a flat view of links below class/. */
function makeTree() {
  const devices = join(sysRoot, 'devices/virtual/powercap/intel-rapl');
  const view = join(sysRoot, 'class/powercap');
  mkdirSync(devices, { recursive: true });
  mkdirSync(view, { recursive: true });
  const show = (zone, folder) =>
    symlinkSync(join('../../devices/virtual/powercap/intel-rapl', folder), join(view, zone));
  symlinkSync('../../devices/virtual/powercap/intel-rapl', join(view, 'intel-rapl'));
  return Array.from({ length: packages }, (_, index) => {
    const zone = `intel-rapl:${index}`;
    const made = [makeZone(join(devices, zone), `package-${index}`, packageEnergy(index))];
    show(zone, zone);
    if (dram !== null) {
      made.push(makeZone(join(devices, zone, `${zone}:0`), 'dram', dramEnergy));
      show(`${zone}:0`, join(zone, `${zone}:0`));
    }
    return made;
  }).flat();
}

function makeZone(folder, name, energyJ) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'name'), `${name}\n`);
  writeFileSync(join(folder, 'enabled'), '1\n');
  writeFileSync(join(folder, 'max_energy_range_uj'), `${maxEnergyUj}\n`);
  const counter = join(folder, 'energy_uj');
  writeFileSync(counter, fixedWidth(startUj % maxEnergyUj), { mode: 0o400 });
  return { fd: openSync(counter, 'r+'), energyJ };
}

/** user + nice + system + irq + softirq of each CPU, in seconds (proc_stat(5); a tick is 10 ms on every Linux). */
function busySecondsByCpu() {
  return readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => {
      const [, user, nice, system, , , irq, softirq] = line.split(/ +/).map(Number);
      return (user + nice + system + irq + softirq) / 100;
    });
}
