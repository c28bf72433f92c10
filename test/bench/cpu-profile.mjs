// Where the CPU time of a program in dist/ goes, from a profile of V8 (--cpu-prof) and the program's source map.
import { readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, join } from 'node:path';

/**
 * @param folder that --cpu-prof-dir named; holds one profile
 * @param dist folder of the programs and their maps
 * @param stages name of a stage and the source files that are it: what runs below a function of several is of the first in the list
 * @returns milliseconds of the main thread by stage, and of what is of none: V8's own, and the rest
 */
export function stageTimes(folder, dist, stages) {
  const [name] = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'));
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const rankOf = ranks(dist, stages);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** By node, the place of its stage in the list. */
  const rankOfNode = new Map();
  const open = [[nodes[0].id, Infinity]];
  for (let next; (next = open.pop()) !== undefined;) {
    const [id, outer] = next;
    const { callFrame, children = [] } = byId.get(id);
    const rank = Math.min(outer, rankOf(callFrame));
    rankOfNode.set(id, rank);
    for (const child of children) open.push([child, rank]);
  }
  const times = new Map();
  samples.forEach((id, i) => {
    const { functionName } = byId.get(id).callFrame;
    if (functionName === '(idle)') return;
    const own = functionName === '(garbage collector)' ? 'garbage collection' : 'the rest';
    const stage = stages[rankOfNode.get(id)]?.[0] ?? own;
    times.set(stage, (times.get(stage) ?? 0) + timeDeltas[i] / 1000);
  });
  return times;
}

/** Tells of a frame the place in the list of the stage that its source file is of. */
function ranks(dist, stages) {
  const rankOfFile = new Map(stages.flatMap(([, files], rank) => files.map((file) => [file, rank])));
  const maps = new Map();
  return ({ url, lineNumber, columnNumber }) => {
    const program = basename(url);
    if (!url.startsWith('file:') || !program.startsWith('eit')) return Infinity;
    if (!maps.has(program)) maps.set(program, readMap(join(dist, `${program}.map`)));
    const source = maps.get(program)?.findEntry(lineNumber, columnNumber).originalSource;
    return source === undefined ? Infinity : (rankOfFile.get(basename(source)) ?? Infinity);
  };
}

function readMap(path) {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined; // DuckDB's package has no map: its functions are of whoever calls them.
  }
}
