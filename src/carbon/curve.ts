import type { IntensityBasis } from './intensity';
export interface CurvePiece {
  readonly fromMs: number;
  readonly toMs: number;
  readonly gPerKwh: number;
  readonly origin: 'series' | 'neighbour' | 'same-hour' | 'yearly';
  readonly isEstimate: boolean;
  readonly source: string;
  readonly basis: IntensityBasis;
}
