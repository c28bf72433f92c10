// Generated from schemas/appendix.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { AppendixSpec } from './appendix';

declare const validate: {
  (data: unknown): data is AppendixSpec;
  errors?: ErrorObject[] | null;
};
export default validate;
