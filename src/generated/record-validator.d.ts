// Generated from schemas/record.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { EitRecord } from './record';

declare const validate: {
  (data: unknown): data is EitRecord;
  errors?: ErrorObject[] | null;
};
export default validate;
