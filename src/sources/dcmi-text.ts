import type { Missing } from './source';

/** DCMI tells power in two bytes, and all bits set is no number: no controller can say more (W). */
export const MOST_DCMI_W = 65_534;

/** The lines of a program's output that matter, and the word for "power is being measured". */
interface Form {
  readonly power: string;
  readonly state: string;
  readonly measuring: string;
}

const IPMI_DCMI: Form = { power: 'Current Power', state: 'Power Measurement', measuring: 'Active' };
const IPMITOOL: Form = {
  power: 'Instantaneous power reading',
  state: 'Power reading state is',
  measuring: 'activated',
};

/**
 * The current power (W) in what FreeIPMI's `ipmi-dcmi --get-system-power-statistics` prints
 * (https://www.gnu.org/software/freeipmi/manpages/man8/ipmi-dcmi.8.html):
 *
 *     Current Power                        : 332 Watts
 *     Statistics reporting time period     : 2685198000 milliseconds
 *     Power Measurement                    : Active
 *
 * The current power is itself an average over some time that the controller chooses (a second, five, more) and doesn't
 * tell. The "statistics reporting time period" is not that time: minimum, maximum and average belong to it, which may
 * reach back to the controller's own start.
 * @returns why there is none: not measuring, 0 W (which nothing that runs this draws), more than DCMI can tell, another text
 */
export function parseIpmiDcmi(text: string): number | Missing {
  return parsePower(text, IPMI_DCMI);
}

/**
 * The current power (W) in what `ipmitool dcmi power reading` prints (https://man.archlinux.org/man/ipmitool.1):
 *
 *     Instantaneous power reading:                   332 Watts
 *     Sampling period:                          00000001 Seconds.
 *     Power reading state is:                   activated
 *
 * As with `ipmi-dcmi` it is an average over a time that is not told; the "sampling period" is that of minimum, maximum and
 * average. Some versions print it on the line of the time before it.
 * @returns why there is none, as {@link parseIpmiDcmi} does
 */
export function parseIpmitool(text: string): number | Missing {
  return parsePower(text, IPMITOOL);
}

function parsePower(text: string, form: Form): number | Missing {
  const [state, ...otherStates] = valuesOf(text, form.state);
  const [power, ...otherPowers] = valuesOf(text, form.power);
  if (state === undefined && power === undefined) return { missing: `no power in ${firstLine(text)}` };
  if (state === undefined) return { missing: `its text ends before "${form.state}"` };
  if (otherStates.length + otherPowers.length > 0) return { missing: 'it tells of more than one node' };
  if (state !== form.measuring) {
    return { missing: `the controller measures no power now (${form.state}: ${firstLine(state)})` };
  }
  if (power === undefined) return { missing: `its text has no "${form.power}"` };

  // Nothing else than digits: in "1.234" and "1e3" nobody knows what is meant.
  const watts = /^(\d{1,9}) watts$/i.exec(power)?.[1];
  if (watts === undefined) return { missing: `${form.power} is ${firstLine(power)}, not a number of watts` };
  const powerW = Number(watts);
  if (powerW === 0) return { missing: 'the controller says 0 W: it does not measure' };
  return powerW <= MOST_DCMI_W
    ? powerW
    : { missing: `the controller says ${powerW} W, which no node draws: it does not measure` };
}

/** What follows `label :` on the lines that begin with it. */
function valuesOf(text: string, label: string): string[] {
  const lines = text.matchAll(new RegExp(`^[ \\t]*${label}[ \\t]*:(.*)$`, 'gm'));
  return [...lines].map(([, value = '']) => value.trim());
}

/** The first line of a text that says something, short and in quotes, with nothing in it that a terminal acts on. */
export function firstLine(text: string): string {
  const line = text.split('\n').find((one) => one.trim() !== '') ?? '';
  const shown = line.trim().replace(/[^\x20-\x7e]/g, '?');
  return `"${shown.length > 100 ? `${shown.slice(0, 97)}...` : shown}"`;
}
