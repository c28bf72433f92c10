import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AgentHome } from './agent-home';

let home: AgentHome;
beforeEach(() => (home = new AgentHome()));
afterEach(() => home.remove());

function put(path: string, text: string): void {
  mkdirSync(dirname(join(home.dir, path)), { recursive: true });
  writeFileSync(join(home.dir, path), text);
}

const faults = (count: number): void => put('proc/vmstat', `pgmajfault ${count}\n`);
const written = (jobId: number, bytes: number): void =>
  put(
    `cgroup/system.slice/slurmstepd.scope/job_${jobId}/io.stat`,
    `8:0 rbytes=0 wbytes=${bytes} rios=0 wios=1 dbytes=0 dios=0\n`,
  );

test('what grew between two agents of one host is told once, and the hardware by each of them', async () => {
  put('proc/cpuinfo', 'model name\t: Test CPU @ 2 GHz\n');
  put('proc/devices', 'Block devices:\n  8 sd\n');
  put('proc/sys/kernel/osrelease', '6.1.0-test\n');
  faults(1000);
  await home.start();
  home.hook('prolog', 7);
  home.setCpu(7, 1);
  written(7, 4096);
  await home.read();
  faults(1007);
  await home.read();
  await home.end('SIGKILL');
  faults(1010);
  await home.start();
  await home.read();
  home.hook('epilog', 7);
  const runs = await home.ended(7);
  await home.read();

  const hosts = home.hosts();
  expect(hosts.reduce((sum, { context }) => sum + (context?.major_faults ?? 0), 0)).toBe(10);
  const firstLines = [...new Set(hosts.map(({ instance }) => instance))].map((instance) =>
    hosts.find((host) => host.instance === instance),
  );
  const hardware = { cpu: 'Test CPU @ 2 GHz', threads: 2, kernel: '6.1.0-test' };
  expect(firstLines).toMatchObject([{ hardware }, { hardware }]);
  expect(runs.reduce((sum, { io }) => sum + (io?.wb ?? 0), 0)).toBe(4096);
});
