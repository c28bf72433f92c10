import { EitError } from '../../src/errors';
import type { GpuPower, GpuReading } from '../../src/sources/gpu';
import type { NvidiaSmiAnswer } from '../../src/sources/nvidia-smi';
import type { DocumentStream } from '../../src/sources/nvidia-smi-run';
import type { Missing } from '../../src/sources/source';

const END = '</nvidia_smi_log>';

/** Only as much of a splitter as tests of the process need. */
export class TinyDocuments implements DocumentStream {
  #text = '';
  noise: string | null = null;

  push(text: string): string[] {
    this.#text += text;
    const documents: string[] = [];
    for (let end = this.#text.indexOf(END); end >= 0; end = this.#text.indexOf(END)) {
      const document = this.#text.slice(0, end + END.length);
      this.#text = this.#text.slice(end + END.length);
      const begin = document.lastIndexOf('<?xml');
      const before = document.slice(0, Math.max(0, begin)).split('<')[0]?.trim();
      if (before) this.noise ??= before.split('\n')[0] ?? null;
      documents.push(document.slice(begin));
    }
    return documents;
  }
}

/** Only as much of a parser as tests of the process need. */
export function tinyParse(xml: string): NvidiaSmiAnswer {
  if (!xml.includes('<driver_version>')) throw new EitError('EIT_PARSE', 'no driver_version');
  const gpus = [...xml.matchAll(/<gpu id="([^"]+)">([\s\S]*?)<\/gpu>/g)];
  return {
    driver: textOf(xml, 'driver_version') ?? '',
    gpus: gpus.map(([, id = '', text = ''], index) => gpuOf(id, text, index)),
    warnings: [],
  };
}

function gpuOf(id: string, text: string, index: number): GpuReading {
  const uuid = textOf(text, 'uuid');
  const minor = textOf(text, 'minor_number');
  return {
    uuid: uuid?.startsWith('GPU-') ? uuid : null,
    pciBusId: id.slice(4).toLowerCase(),
    index,
    minor: minor === null || !/^\d+$/.test(minor) ? null : Number(minor),
    model: textOf(text, 'product_name') ?? '',
    power: powerOf(text),
    utilization: null,
    memory: null,
    performanceState: null,
    throttling: null,
    processes: [...text.matchAll(/<pid>(\d+)<\/pid>/g)].map(([, pid]) => ({
      pid: Number(pid),
      smPart: null,
      memoryBytes: null,
      instance: null,
    })),
    instances: null,
  };
}

function powerOf(text: string): GpuPower | Missing {
  const board = /<(gpu_)?power_readings>([\s\S]*?)<\/(gpu_)?power_readings>/.exec(text)?.[2] ?? '';
  const average = textOf(board, 'average_power_draw') ?? textOf(board, 'power_draw');
  const powerW = /^(\d+\.\d+) W$/.exec(average ?? '')?.[1];
  return powerW === undefined
    ? { missing: `power is ${average ?? 'not there'}` }
    : { powerW: Number(powerW), averagedMs: 1000 };
}

function textOf(xml: string, tag: string): string | null {
  return new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1]?.trim() ?? null;
}
