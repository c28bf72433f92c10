import { at, listOf, numberOf, textOf, wallMsOf } from './pickle-facts';
import { parsePickle } from './pickle';

/** What experiment-impact-tracker wrote down once for a run. */
export interface EitInfo {
  /** What the machine's clock showed, read as if it were UTC: the log tells no time zone. null: not told. */
  readonly startWallMs: number | null;
  readonly endWallMs: number | null;
  readonly version: string | null;
  readonly cpuModel: string | null;
  readonly cpus: number | null;
  /** One a GPU of the machine, those that the run did not use among them. */
  readonly gpuModels: readonly string[];
  /** Zone of the grid, as the tool names it, and its mean gCO2eq/kWh. */
  readonly zone: string | null;
  readonly intensityGPerKwh: number | null;
}

/**
 * Reads `impacttracker/info.pkl` of experiment-impact-tracker (https://github.com/Breakend/experiment-impact-tracker): a pickled dict. Names of
 * keys are those of its data_info_and_router.py; of the CPU those of py-cpuinfo, in which `brand` became `brand_raw`.
 * @param place named in errors
 * @throws EitError EIT_IMPORT where it is no pickle
 */
export function parseEitInfo(bytes: Uint8Array, place: string): EitInfo {
  const info = parsePickle(bytes, place);
  const zone = at(info, 'region', 'id');
  return {
    startWallMs: wallMsOf(at(info, 'experiment_start')),
    endWallMs: wallMsOf(at(info, 'experiment_end')),
    version: textOf(at(info, 'experiment_impact_tracker_version')),
    cpuModel: textOf(at(info, 'cpu_info', 'brand_raw')) ?? textOf(at(info, 'cpu_info', 'brand')),
    cpus: numberOf(at(info, 'cpu_info', 'usable_cpus')) ?? numberOf(at(info, 'cpu_info', 'count')),
    gpuModels: listOf(at(info, 'gpu_info')).map((gpu) => textOf(at(gpu, 'name')) ?? 'unknown'),
    zone: textOf(zone),
    intensityGPerKwh: numberOf(at(info, 'region_carbon_intensity_estimate', 'carbonIntensity')),
  };
}
