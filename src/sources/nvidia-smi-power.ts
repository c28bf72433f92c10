import type { GpuPower } from './gpu';
import { parseGpuPowerW, quoted } from './nvidia-smi-values';
import { type Missing, isMissing } from './source';
import { type XmlNode, childOf, textOf } from './xml-tree';

/** An average is one over this time (ms). */
const AVERAGED_MS = 1000;

/** Where the power of the board was in one range of versions of the driver. */
const LAYOUTS = [
  { section: 'gpu_power_readings', tags: ['average_power_draw', 'instant_power_draw'] }, // 570 and later
  { section: 'gpu_power_readings', tags: ['power_draw'] }, // 535
  { section: 'power_readings', tags: ['power_draw'] }, // to 530
] as const;

/** The best first: a mean over a second keeps the area of peaks that come and go between two readings. */
const DRAWS = ['average_power_draw', 'instant_power_draw', 'power_draw'] as const;
type Draw = (typeof DRAWS)[number];

/** They show the power of the moment; later ones, but for GA100, the mean over a second. */
const INSTANT_ARCHITECTURES = /^(?:Tesla|Fermi|Kepler|Maxwell|Pascal|Volta|Turing)\b/i;
const GA100 = /\b(?:A100|A800|A30)[A-Z]?\b|\bCMP 170HX\b/i;

export interface BoardPower {
  readonly power: GpuPower | Missing;
  /** Whether its place is none of those that versions of the driver had up to now. */
  readonly isNewLayout: boolean;
}

/**
 * The power of the whole board from a `<gpu>` element. Of a module (GPU, CPU and their memory) or of the memory alone there are sections
 * of their own, which are never taken for it. Where average and instant power are told, the average is used; where that is no
 * number (`N/A` before Ampere), the instant one. What a lone `power_draw` is depends on the architecture:
 * https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceQueries.html (nvmlDeviceGetPowerUsage)
 * @param model name of the product, and `architecture`, null where the driver does not tell: both decide what `power_draw` is
 */
export function parseBoardPower(gpu: XmlNode, model: string, architecture: string | null): BoardPower {
  for (const { section, tags } of LAYOUTS) {
    const power = bestPower(childOf(gpu, section), tags, model, architecture);
    if (power !== null) return { power, isNewLayout: false };
  }
  for (const place of [childOf(gpu, 'gpu_power_readings'), childOf(gpu, 'power_readings'), gpu]) {
    const power = bestPower(place, DRAWS, model, architecture);
    if (power !== null) return { power, isNewLayout: true };
  }
  for (const section of ['gpu_power_readings', 'power_readings']) {
    const text = textOf(gpu, section) ?? '';
    if (text !== '') return { power: { missing: `${section} says ${quoted(text)}` }, isNewLayout: false };
  }
  return { power: { missing: 'nvidia-smi tells no power of the board' }, isNewLayout: true };
}

/** @returns null where there is none of `tags` */
function bestPower(
  place: XmlNode | undefined,
  tags: readonly Draw[],
  model: string,
  architecture: string | null,
): GpuPower | Missing | null {
  let reason: Missing | null = null;
  for (const tag of tags) {
    const text = textOf(place, tag);
    if (text === null) continue;
    const powerW = parseGpuPowerW(text, tag);
    if (!isMissing(powerW)) return { powerW, averagedMs: averagedMs(tag, model, architecture) };
    reason ??= powerW;
  }
  return reason;
}

function averagedMs(tag: Draw, model: string, architecture: string | null): number {
  if (tag === 'average_power_draw') return AVERAGED_MS;
  if (tag === 'instant_power_draw' || architecture === null) return 0;
  const isInstant = INSTANT_ARCHITECTURES.test(architecture) || GA100.test(model);
  return isInstant ? 0 : AVERAGED_MS;
}
