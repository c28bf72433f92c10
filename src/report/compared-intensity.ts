/** A line of a comparison of carbon intensities: a region of a cloud, or a way to make electricity. */
export interface ComparedIntensity {
  /** `aws/eu-west-1`, or a way to make electricity. */
  readonly name: string;
  readonly place: string;
  /** '' for a way to make electricity. */
  readonly provider: string;
  readonly zone: string | null;
  readonly isApproximate: boolean;
  readonly gPerKwh: number;
  readonly pue: number | null;
}
