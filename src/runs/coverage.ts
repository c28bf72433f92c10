import type { DomainClass } from '../generated/record';
import { DOMAIN_CLASSES } from './domain-class';
import { classesOf, type Slice } from './fragments';
import type { Part } from './runs';

/** Node-milliseconds of a run in which a class of domains should have been observed, and was. */
export interface ClassCoverage {
  readonly name: DomainClass;
  readonly expectedMs: number;
  readonly observedMs: number;
}

/**
 * What was observed of a run's classes. Each node of it should have reported for as long as the run; its GPUs are expected of
 * the nodes on which it has some.
 * @param parts the run's slices
 * @param silentNodes nodes that should be there and have sent nothing
 * @param fromMs begin of the run in these slices, Unix ms
 * @param toMs its end
 */
export function classCoverage(
  parts: readonly Part[],
  silentNodes: number,
  fromMs: number,
  toMs: number,
): ClassCoverage[] {
  const silentMs = silentNodes * Math.max(0, toMs - fromMs);
  const nodes = [...byNode(parts)].map((slices) => ({
    expectedMs: expectedOfNode(slices, fromMs, toMs),
    hasGpus: slices.some(hasGpus),
  }));
  return expectedClasses(parts.map(({ slice }) => slice)).map((name) => {
    const expectedMs = nodes
      .filter((node) => name !== 'gpu' || node.hasGpus)
      .reduce((sum, node) => sum + node.expectedMs, silentMs);
    const observedMs = parts.reduce((sum, { slice }) => sum + (slice.classes.get(name)?.observedMs ?? 0), 0);
    // Lengths are from the monotonic clock, the run's times from the wall's: more than all is all.
    return { name, expectedMs, observedMs: Math.min(observedMs, expectedMs) };
  });
}

/** Those of which records tell; GPUs where, and only where, the run has some: else its host's are none of its business. */
function expectedClasses(slices: readonly Slice[]): DomainClass[] {
  const told: DomainClass[] = classesOf(slices).filter((name) => name !== 'gpu');
  if (slices.some(hasGpus)) told.push('gpu');
  // Every node has a CPU: a run of which no domain was read at all lacks at least that.
  return told.length > 0 ? told : [DOMAIN_CLASSES[0]];
}

/** Whether a slice's run has GPUs: by what Slurm allocated; where it did not say, by what they drew. */
export function hasGpus({ gpuMs, classes }: Slice): boolean {
  const gpu = classes.get('gpu');
  const drawnUj = (gpu?.measuredUj?.value ?? 0n) + (gpu?.modelledUj?.value ?? 0n);
  return gpuMs.value > 0n || drawnUj > 0n;
}

/**
 * A node is expected to report for as long as the run, except for what its own first and last lines say: Slurm starts and
 * ends a run some moments apart on its nodes.
 */
function expectedOfNode(slices: readonly Slice[], fromMs: number, toMs: number): number {
  const first = slices.reduce((a, b) => (b.fromMs < a.fromMs ? b : a));
  const last = slices.reduce((a, b) => (b.toMs > a.toMs ? b : a));
  return Math.max(0, (last.ends ? last.toMs : toMs) - (first.starts ? first.fromMs : fromMs));
}

function byNode(parts: readonly Part[]): Iterable<Slice[]> {
  const nodes = new Map<string, Slice[]>();
  for (const { node, slice } of parts) {
    const ofNode = nodes.get(node);
    if (ofNode === undefined) nodes.set(node, [slice]);
    else ofNode.push(slice);
  }
  return nodes.values();
}
