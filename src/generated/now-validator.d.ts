// Generated from schemas/now.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { NowSnapshot } from './now';

declare const validate: {
  (data: unknown): data is NowSnapshot;
  errors?: ErrorObject[] | null;
};
export default validate;
