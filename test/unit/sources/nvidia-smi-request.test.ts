import {
  type NvidiaSmiRequest,
  argumentsOf,
  askLess,
  isRefusal,
} from '../../../src/sources/nvidia-smi-request';

const ALL: NvidiaSmiRequest = { hasSections: true, repeat: 'milliseconds' };
const UNKNOWN = (option: string): string =>
  `ERROR: Option ${option} is not recognized. Please run 'nvidia-smi -h' for help.`;
const COMBINATION = "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.";

test.each<[NvidiaSmiRequest, number, string]>([
  [ALL, 970, '-q -x -d MEMORY,UTILIZATION,POWER,PERFORMANCE,PIDS -lms 970'],
  [{ hasSections: false, repeat: 'milliseconds' }, 970, '-q -x -lms 970'],
  [{ hasSections: false, repeat: 'seconds' }, 970, '-q -x -l 1'],
  [{ hasSections: false, repeat: 'seconds' }, 2001, '-q -x -l 3'],
  [{ hasSections: false, repeat: 'calls' }, 970, '-q -x'],
])('the arguments of %j each %i ms', (request, intervalMs, args) => {
  expect(argumentsOf(request, intervalMs).join(' ')).toBe(args);
});

test.each<[number | null, string, boolean]>([
  [2, COMBINATION, true],
  [2, '', true],
  [1, UNKNOWN('-lms'), true],
  [255, COMBINATION, true],
  [9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", false],
  [15, 'Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.', false],
  [null, '', false],
  [0, UNKNOWN('-lms'), false],
])('status %p and %p: refused is %p', (status, text, isRefused) => {
  expect(isRefusal(status, text)).toBe(isRefused);
});

/** What is asked for, one after the other, by a version that always says the same. */
function allAsked(text: string): string[] {
  const asked: string[] = [];
  for (let request: NvidiaSmiRequest | null = ALL; request !== null; request = askLess(request, text)) {
    asked.push(
      argumentsOf(request, 970)
        .join(' ')
        .replace(/-d \S+/, '-d'),
    );
  }
  return asked;
}

test('sections are dropped first, then the fine loop, then the coarse one', () => {
  expect(allAsked(COMBINATION)).toEqual(['-q -x -d -lms 970', '-q -x -lms 970', '-q -x -l 1', '-q -x']);
});

test('where it names an option, that one is dropped first', () => {
  for (const option of ['-lms', '-lms970', '--loop-ms']) {
    expect(allAsked(UNKNOWN(option)).slice(0, 2)).toEqual(['-q -x -d -lms 970', '-q -x -d -l 1']);
  }
  expect(allAsked(UNKNOWN('-d')).slice(0, 2)).toEqual(['-q -x -d -lms 970', '-q -x -lms 970']);
});
