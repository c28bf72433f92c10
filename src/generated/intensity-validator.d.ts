// Generated from schemas/intensity.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { IntensityLine } from './intensity';

declare const validate: {
  (data: unknown): data is IntensityLine;
  errors?: ErrorObject[] | null;
};
export default validate;
