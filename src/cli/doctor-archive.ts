import { lstatSync, statSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { findAccessLists } from '../archive/find-access-lists';
import { readSyncedUntil } from '../archive/job-sync';
import { readManifest } from '../archive/manifest';
import { EitError, isErrno } from '../errors';
import type { EitConfig } from '../generated/config';
import { ledgerClusters } from '../ledger/inbox-files';
import { counted, durationText } from '../report/units';
import { version } from '../version';
import { type Check, ok, problem, unknown, warning } from './doctor-check';
import { hostsAhead, type HostRowOfStatus, type LedgerStatus, versionsOf } from './status-ledger';
import { bytesText } from './plain-text';

/** Compaction comes every ten minutes, sacct's facts once an hour. */
const COMPACT_LATE_S = 3600;
const FACTS_LATE_S = 3 * 3600;
const DAY_S = 86_400;
const FEWEST_FREE_BYTES = 5e9;
const FEWEST_FREE_PART = 0.02;
const OTHERS = 0o007;

/** What the ledger holds, and how new it is. */
export async function checkArchives(
  { ledger, privacy }: Pick<EitConfig, 'ledger' | 'privacy'>,
  nowMs: number,
): Promise<Check[]> {
  const clusters = await ledgerClusters(ledger);
  if (clusters.length === 0) return [warning('clusters', `${ledger} holds no record yet`)];
  const checks = [ok('clusters', clusters.join(', '))];
  for (const cluster of clusters) {
    const dir = join(ledger, cluster);
    checks.push(await checkCompaction(cluster, dir, nowMs), checkFacts(cluster, dir, nowMs));
    if (privacy === 'private') checks.push(...checkPrivate(cluster, dir));
  }
  return checks;
}

async function checkCompaction(cluster: string, dir: string, nowMs: number): Promise<Check> {
  const name = `archive ${cluster}`;
  const manifest = await readManifest(dir);
  if (manifest === null)
    return warning(
      name,
      'nothing is compacted: reports read all lines, and users see nothing of a private ledger',
      'systemctl enable --now eit-compact.timer',
    );
  const ageS = (nowMs - Date.parse(manifest.committed_at)) / 1000;
  const until = manifest.data_until ?? 'the beginning';
  const text = `until ${until}, last commit ${durationText(Math.max(0, Math.round(ageS)))} ago`;
  // A cluster that sends nothing has nothing to commit: the inbox is what tells, in the line of the hosts.
  if (ageS > DAY_S) return problem(name, text, 'eit ledger compact; systemctl status eit-compact');
  return ageS > COMPACT_LATE_S ? warning(name, text, 'systemctl status eit-compact') : ok(name, text);
}

function checkFacts(cluster: string, dir: string, nowMs: number): Check {
  const name = `sacct ${cluster}`;
  const untilS = readSyncedUntil(join(dir, 'jobs'));
  if (untilS === null)
    return warning(
      name,
      'no names, states and QOS of jobs: nothing was brought from sacct',
      'eit sacct-sync; then its timer (docs/install.md, 8)',
    );
  const ageS = Math.max(0, Math.round(nowMs / 1000 - untilS));
  const text = `jobs are known until ${durationText(ageS)} ago`;
  if (ageS > DAY_S) return problem(name, text, 'eit sacct-sync says why');
  return ageS > FACTS_LATE_S ? warning(name, text, 'systemctl status eit-sacct-sync') : ok(name, text);
}

/** Folders that only the ledger's user may look into. */
function checkPrivate(cluster: string, dir: string): Check[] {
  const name = `private ${cluster}`;
  const open = ['inbox', 'parts', 'jobs', 'state', 'aside', 'by-user'].flatMap((folder) => {
    const stats = lstatSync(join(dir, folder), { throwIfNoEntry: false });
    // A folder that others may pass through and not list is how lists let single users in.
    const allowed = folder === 'by-user' ? OTHERS & ~0o001 : OTHERS;
    return stats !== undefined && !stats.isSymbolicLink() && (stats.mode & allowed) !== 0
      ? [`${folder} (${(stats.mode & 0o777).toString(8)})`]
      : [];
  });
  if (open.length === 0) return [ok(name, "nothing of others' runs is open to everybody")];
  return [
    problem(
      name,
      `everybody may look into ${open.join(', ')}`,
      `chmod o-rwx below ${dir}, or the next eit ledger compact; privacy: open if it shall be so`,
    ),
  ];
}

/** Whether the file system keeps access lists, by which users read what is theirs; a file is made there and removed. */
export async function checkAccessLists({
  ledger,
  privacy,
}: Pick<EitConfig, 'ledger' | 'privacy'>): Promise<Check> {
  const name = 'access lists';
  if (privacy === 'open') return ok(name, 'not needed: privacy is open');
  try {
    const lists = await findAccessLists(ledger);
    return ok(name, `${lists.name} are kept`);
  } catch (error) {
    if (error instanceof EitError) return problem(name, error.message, 'docs/privacy.md, "File systems"');
    if (isErrno(error, 'EACCES', 'EPERM', 'EROFS'))
      return unknown(name, `this user may not write ${ledger}; run it as the ledger's owner`);
    throw error;
  }
}

/** Room for more. */
export function checkLedgerRoom(ledger: string): Check {
  const name = 'ledger room';
  const { bavail, bsize, blocks, files, ffree } = statfsSync(ledger);
  const free = bavail * bsize;
  const text = `${bytesText(free)} of ${bytesText(blocks * bsize)} are free there`;
  if (files > 0 && ffree === 0)
    return problem(name, 'no file can be made there any more', 'remove some, or ask for more');
  if (free < FEWEST_FREE_BYTES && free < blocks * bsize * FEWEST_FREE_PART)
    return problem(name, text, 'make room: eit ledger prune --dry-run says what could go');
  return ok(name, text);
}

/** Whom the ledger belongs to, as who should run what is beside it. */
export function checkLedgerOwner(ledger: string): Check {
  const { uid, mode } = statSync(ledger);
  const text = `${ledger} belongs to uid ${uid}, mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
  return (mode & 0o022) !== 0 && (mode & 0o1000) === 0
    ? problem('ledger owner', `${text}: others may rename what lies in it`, `chmod go-w ${ledger}`)
    : ok('ledger owner', text);
}

/** The hosts as `eit status --ledger` finds them. */
export function checkHosts(status: LedgerStatus): Check[] {
  const { hosts, neverSeen, silentForS, slurm } = status;
  const silent = hosts.filter((host) => host.isSilent && !host.isAway);
  const name = 'hosts';
  const mend = 'eit status --ledger; eit doctor on one of them';
  if (hosts.length === 0)
    return [
      problem(name, 'none has sent anything of late', 'eit doctor on a node; `ledger` in its eit.yaml'),
    ];
  const checks = [
    silent.length > 0
      ? (silent.length === hosts.length ? problem : warning)(
          name,
          `${silent.length} of ${hosts.length} silent for more than ${durationText(silentForS)}: ${few(silent)}`,
          mend,
        )
      : ok(name, `${counted(hosts.length, 'host')}, none silent for more than ${durationText(silentForS)}`),
  ];
  if (slurm !== null) checks.push(unknown('nodes', `those of Slurm are not known: ${slurm}`));
  else
    checks.push(
      neverSeen.length === 0
        ? ok('nodes', "all of Slurm's that are up have sent something")
        : warning(
            'nodes',
            `${counted(neverSeen.length, 'node')} of Slurm's never sent anything: ${neverSeen
              .slice(0, 5)
              .map(({ node }) => node)
              .join(', ')}`,
            'eit doctor there',
          ),
    );
  const ahead = hostsAhead(status);
  checks.push(
    ahead.length === 0
      ? ok('host clocks', 'no record came before its time')
      : warning(
          'host clocks',
          `records came before their time from ${few(ahead)}`,
          'keep their clocks right (chrony)',
        ),
  );
  checks.push(checkVersions(hosts));
  return checks;
}

function checkVersions(hosts: readonly HostRowOfStatus[]): Check {
  const name = 'versions';
  const versions = versionsOf(hosts);
  const text = versions.map(([one, count]) => `${one} on ${counted(count, 'host')}`).join(', ');
  const newer = versions.filter(([one]) => isNewer(one, version));
  if (newer.length > 0)
    return problem(
      name,
      `agents are newer than this machine's ${version}: ${text}`,
      'upgrade this machine first: docs/upgrade.md',
    );
  return versions.length > 1
    ? warning(name, `${text}; here ${version}`, 'docs/upgrade.md: it may stay so while you upgrade')
    : ok(name, versions.length === 0 ? `here ${version}` : `${text}; here ${version}`);
}

/** By the numbers of MAJOR.MINOR.PATCH. */
function isNewer(one: string, other: string): boolean {
  return one.localeCompare(other, 'en', { numeric: true }) > 0;
}

function few(hosts: readonly HostRowOfStatus[]): string {
  const names = hosts.slice(0, 5).map(({ host }) => host);
  return `${names.join(', ')}${hosts.length > 5 ? ` and ${hosts.length - 5} more` : ''}`;
}
