// Generated from schemas/boamps.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { BoampsTask } from './boamps';

declare const validate: {
  (data: unknown): data is BoampsTask;
  errors?: ErrorObject[] | null;
};
export default validate;
