import { existsSync, readdirSync } from 'node:fs';
import { isErrno } from '../errors';
import { isMissing } from '../sources/source';
import { askProgram, lastWords } from './asked-program';
import { type Check, ok, problem, unknown, warning } from './doctor-check';

const PATIENCE_MS = 10_000;
const FOLDERS = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
/** Started by their timers. */
const BY_TIMER = /^eit-[\w-]+\.service$/;

/** The units of EIT that are installed here, and whether each is on. */
export async function checkUnits(
  env: NodeJS.ProcessEnv,
  {
    systemd = '/run/systemd/system',
    folders = FOLDERS,
  }: { readonly systemd?: string; readonly folders?: readonly string[] } = {},
): Promise<Check[]> {
  const units = [...new Set(folders.flatMap(unitsIn))].sort();
  if (!existsSync(systemd))
    return units.length === 0
      ? [unknown('units', 'no systemd runs here: what is to be done by the clock needs cron')]
      : [unknown('units', `${units.join(', ')} are here, and no systemd runs`)];
  if (units.length === 0)
    return [unknown('units', 'none of EIT is installed here: another machine, or cron, does what is due')];
  const checks: Check[] = [];
  for (const unit of units) {
    if (BY_TIMER.test(unit) && units.includes(unit.replace(/\.service$/, '.timer'))) {
      checks.push(...(await checkFailed(unit, env)));
      continue;
    }
    const answer = await askProgram('systemctl', ['is-enabled', unit], { env, timeoutMs: PATIENCE_MS });
    if (isMissing(answer)) checks.push(unknown(unit, answer.missing));
    else if (/^(?:enabled|static|alias|generated|indirect|enabled-runtime)/.test(answer.stdout))
      checks.push(ok(unit, answer.stdout.trim()));
    else
      checks.push(
        warning(
          unit,
          `${lastWords(answer)}: it is gone with the next boot`,
          `systemctl enable --now ${unit}`,
        ),
      );
    checks.push(...(await checkFailed(unit, env)));
  }
  return checks;
}

async function checkFailed(unit: string, env: NodeJS.ProcessEnv): Promise<Check[]> {
  const answer = await askProgram('systemctl', ['is-failed', unit], { env, timeoutMs: PATIENCE_MS });
  return !isMissing(answer) && answer.stdout.trim() === 'failed'
    ? [problem(unit, 'it failed the last time', `journalctl -u ${unit}`)]
    : [];
}

function unitsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^eit-[\w@-]+\.(?:service|timer|path|socket)$/.test(name));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return [];
    throw error;
  }
}
