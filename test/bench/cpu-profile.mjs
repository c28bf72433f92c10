// Where the CPU time of a program in dist/ goes, from a profile of V8 (--cpu-prof) and the program's source map.
import { readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, join } from 'node:path';

/**
 * @param folder that --cpu-prof-dir named; holds one profile
 * @param dist folder of the programs and their maps
 * @param stages from a stage's name to the source files whose functions, and what these call, are that stage: of a stack the
 *   outermost frame that is of some stage decides
 * @returns milliseconds of the main thread by stage; `(garbage)` and `(other)` beside them
 */
export function stageTimes(folder, dist, stages) {
  const [name] = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'));
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const maps = new Map();
  const stageOfFile = new Map(
    Object.entries(stages).flatMap(([stage, files]) => files.map((file) => [file, stage])),
  );
  const stageOf = ({ url, lineNumber, columnNumber }) => {
    const program = basename(url);
    if (!url.startsWith('file:') || !program.startsWith('eit')) return undefined;
    if (!maps.has(program)) maps.set(program, readMap(join(dist, `${program}.map`)));
    const source = maps.get(program)?.findEntry(lineNumber, columnNumber).originalSource;
    return source === undefined ? undefined : stageOfFile.get(basename(source));
  };

  const children = new Map(nodes.map(({ id, children: of = [] }) => [id, of]));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const stageOfNode = new Map();
  const open = [[nodes[0].id, undefined]];
  for (let next; (next = open.pop()) !== undefined; ) {
    const [id, outer] = next;
    const { functionName, ...frame } = frames.get(id);
    const stage =
      outer ?? (functionName === '(garbage collector)' ? '(garbage)' : functionName === '(idle)' ? '(idle)' : stageOf(frame));
    stageOfNode.set(id, stage);
    for (const child of children.get(id)) open.push([child, stage]);
  }
  const times = new Map();
  samples.forEach((id, i) => {
    const stage = stageOfNode.get(id) ?? '(other)';
    times.set(stage, (times.get(stage) ?? 0) + timeDeltas[i] / 1000);
  });
  times.delete('(idle)');
  return times;
}

function readMap(path) {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined; // DuckDB's package has no map: its functions are of whoever calls them.
  }
}
