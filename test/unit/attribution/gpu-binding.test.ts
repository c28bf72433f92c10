import {
  type GpuClaim,
  type GpuOrder,
  type HeldGpu,
  type KnownGpu,
  bindGpus,
  claimedGpus,
  gpusOfDevices,
} from '../../../src/attribution/gpu-binding';

const NVML: GpuOrder = { order: 'nvml', map: [] };

/** Boards whose minor numbers run against the order of the PCI bus, as on some of AMD's. */
const GPUS: KnownGpu[] = ['01', '41', '81', 'c1'].map((bus, index) => ({
  name: `gpu-${bus}:00.0`,
  uuid: `GPU-${bus}`,
  pciBusId: `0000:${bus}:00.0`,
  index,
  minor: 3 - index,
  kind: 'nvidia',
  instances: null,
}));
const [A, B, C, D] = GPUS.map(({ name }) => ({ name })) as [HeldGpu, HeldGpu, HeldGpu, HeldGpu];

function claim(indices: readonly number[], uuids: readonly string[] = []): GpuClaim {
  return { indices, uuids };
}

function held(theirs: GpuClaim, order = NVML, gpus = GPUS): readonly HeldGpu[] | null {
  return claimedGpus(gpus, theirs, order)?.held ?? null;
}

describe('what an index means', () => {
  test('nvml: the position in the driver’s list, in whatever order that comes', () => {
    expect(held(claim([0, 2]))).toEqual([A, C]);
    expect(held(claim([0, 2]), NVML, GPUS.toReversed())).toEqual([A, C]);
  });

  test('a GPU that is left out does not shift the others', () => {
    const [, ...left] = GPUS;
    expect(held(claim([1, 3]), NVML, left)).toEqual([B, D]);
    expect(held(claim([0]), NVML, left)).toEqual([]);
    const unknown = left.map((gpu) => ({ ...gpu, index: null }));
    expect(held(claim([1]), NVML, unknown)).toBeNull();
  });

  test('minor: N of /dev/nvidiaN', () => {
    expect(held(claim([0, 2]), { order: 'minor', map: [] })).toEqual([D, B]);
  });

  test('map: what the site wrote, UUIDs or PCI bus ids as nvidia-smi or lspci write them', () => {
    const map = ['GPU-81', '00000000:C1:00.0', '41:00.0', '0000:01:00.0'];
    expect(held(claim([0, 1, 2, 3]), { order: 'map', map })).toEqual([C, D, B, A]);
  });

  test.each([
    ['an index beyond the list', claim([4]), NVML],
    ['an index beyond the map', claim([1]), { order: 'map', map: ['GPU-01'] } as const],
    ['a map of what is not there', claim([0]), { order: 'map', map: ['GPU-ff'] } as const],
  ])('%s means no GPU that is known', (_, theirs, order) => expect(held(theirs, order)).toEqual([]));

  test.each([
    ['a UUID that is not there, and no index', claim([], ['GPU-ff']), NVML],
    ['a map without entries', claim([0]), { order: 'map', map: [] } as const],
    ['nothing', claim([]), NVML],
  ])('%s tells nothing', (_, theirs, order) => expect(held(theirs, order)).toBeNull());

  test('what is known of a claim is taken, and that the rest is not known is told', () => {
    const theirs = claimedGpus(GPUS, claim([1, 9]), NVML);
    expect(theirs).toMatchObject({ held: [B], unknown: 1 });
    expect(bindGpus(theirs, [], [])).toEqual({
      by: 'index',
      held: [B],
      conflict: 'SLURM_JOB_GPUS=1,9 with gpu.order: nvml names 1 that are not known',
    });
  });

  test('UUIDs come before indices', () => {
    expect(claimedGpus(GPUS, claim([0], ['GPU-c1']), NVML)).toMatchObject({ by: 'uuid', held: [D] });
  });
});

describe('MIG', () => {
  const instances = [
    { uuid: 'MIG-a', gpu: 2, compute: 0 },
    { uuid: 'MIG-b', gpu: 9, compute: 0 },
  ];
  const gpus = GPUS.map((gpu, i) => (i === 1 ? { ...gpu, instances } : gpu));

  test('an instance by its UUID, also as drivers before 470 wrote it', () => {
    const second = { ...B, instance: { gpu: 9, compute: 0 } };
    expect(held(claim([2], ['MIG-b']), NVML, gpus)).toEqual([second]);
    expect(held(claim([2], ['MIG-GPU-41/9/0']), NVML, gpus)).toEqual([second]);
  });

  test('by index the instances are in the list in place of their GPU', () => {
    expect(held(claim([1, 2, 3]), NVML, gpus)).toEqual([
      { ...B, instance: { gpu: 2, compute: 0 } },
      { ...B, instance: { gpu: 9, compute: 0 } },
      C,
    ]);
  });
});

test('with a GPU left out nothing tells which instance an index is', () => {
  const instances = [{ uuid: null, gpu: 2, compute: 0 }];
  const gpus = GPUS.slice(1).map((gpu) => ({ ...gpu, instances }));
  expect(held(claim([1]), NVML, gpus)).toEqual([]);
});

describe('what wins where the evidence differs', () => {
  const byIndex = claimedGpus(GPUS, claim([0]), NVML);
  const byUuid = claimedGpus(GPUS, claim([0], ['GPU-41']), NVML);

  test('nothing differs', () => {
    expect(bindGpus(byIndex, [], [])).toEqual({ by: 'index', held: [A] });
    expect(bindGpus(byIndex, [], [A])).toEqual({ by: 'index', held: [A] });
    expect(bindGpus(byUuid, [], [B])).toEqual({ by: 'uuid', held: [B] });
    expect(bindGpus(byIndex, [A], [])).toEqual({ by: 'cgroup', held: [A] });
  });

  test('the cgroup’s devices before all else', () => {
    const allowed = gpusOfDevices(GPUS, [{ kind: 'nvidia', minor: 0 }]);
    expect(allowed).toEqual([D]);
    expect(bindGpus(byIndex, allowed, [B])).toEqual({
      by: 'cgroup',
      held: [D],
      conflict: 'SLURM_JOB_GPUS=0 with gpu.order: nvml means gpu-01:00.0, but its cgroup allows gpu-c1:00.0',
    });
    expect(bindGpus(null, allowed, [])).toEqual({ by: 'cgroup', held: [D] });
  });

  test('processes that are on none of the GPUs that the indices mean: the order is wrong', () => {
    expect(bindGpus(byIndex, [], [D])).toEqual({
      by: 'processes',
      held: [D],
      conflict:
        'SLURM_JOB_GPUS=0 with gpu.order: nvml means gpu-01:00.0, but its processes are on gpu-c1:00.0',
    });
  });

  test('processes on fewer GPUs than it has do not say which the others are', () => {
    const two = claimedGpus(GPUS, claim([0, 1]), NVML);
    expect(bindGpus(two, [], [D])).toMatchObject({ by: 'index', held: [A, B, D] });
  });

  test('processes on further GPUs too: it has those besides', () => {
    expect(bindGpus(byIndex, [], [A, C])).toMatchObject({ by: 'index', held: [A, C] });
  });

  test('UUIDs before processes', () => {
    expect(bindGpus(byUuid, [], [C])).toEqual({
      by: 'uuid',
      held: [B],
      conflict: 'CUDA_VISIBLE_DEVICES means gpu-41:00.0, but its processes are on gpu-81:00.0',
    });
  });

  test('processes alone, where Slurm hands out no GPUs', () => {
    expect(bindGpus(null, [], [C])).toEqual({ by: 'processes', held: [C] });
    expect(bindGpus(null, [], [])).toBeNull();
  });
});
