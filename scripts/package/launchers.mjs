// The programs of bin/: sh that finds its own folder and runs the Node.js there.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from '../child.mjs';

/** As the agent's unit runs it (slurm-examples/eit-agent.service). */
const SMALL = ' --max-old-space-size=64 --max-semi-space-size=1';

// An additional certificate costs each start 50 ms: it stays for those that fetch from the internet or send mail.
const WITHOUT_CERTIFICATES = 'unset NODE_EXTRA_CA_CERTS';
const BY_COMMAND = `case \${1-} in intensity | mail) ;; *) ${WITHOUT_CERTIFICATES} ;; esac`;

// What its caller let it ignore (nohup, `&` in a script): Node.js forgets it at once, and eit run hands it on.
const IGNORED_SIGNALS = `
[ "\${1-}" != run ] || while read -r key value; do
  [ "$key" != SigIgn: ] || export EIT_SIGNALS_IGNORED="$value"
done </proc/self/status`;

/** Program to how it is run. */
const LAUNCHERS = {
  eit: { certificates: BY_COMMAND, signals: IGNORED_SIGNALS },
  'eit-report': {},
  'eit-quota': {},
  'eit-agent': { options: SMALL },
};

/**
 * Writes the launchers of those programs that the package has into its bin/.
 * @param home top folder of the package @param programs names of its programs, without .js
 * @returns names of the launchers
 */
export function writeLaunchers(home, programs) {
  const template = readFileSync(join(top, 'packaging/bin/launcher.sh'), 'utf8');
  const names = Object.keys(LAUNCHERS).filter((name) => programs.includes(name));
  for (const name of names) {
    const { certificates = WITHOUT_CERTIFICATES, options = '', signals = '' } = LAUNCHERS[name];
    const kept = certificates === BY_COMMAND ? ' Certificates (50 ms a start) only where it connects.' : '';
    const values = { program: name, certificates, options, kept, signals };
    const text = template.replaceAll(/@(\w+)@/g, (_, key) => values[key]);
    writeFileSync(join(home, 'bin', name), text, { mode: 0o755 });
  }
  const why = readFileSync(join(top, 'packaging/bin/cannot-run.sh'), 'utf8');
  writeFileSync(join(home, 'bin/.cannot-run'), why);
  return names;
}
