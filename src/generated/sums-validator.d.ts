// Generated from schemas/sums.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { SumsLine } from './sums';

declare const validate: {
  (data: unknown): data is SumsLine;
  errors?: ErrorObject[] | null;
};
export default validate;
