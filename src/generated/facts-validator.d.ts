// Generated from schemas/facts.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { FactLine } from './facts';

declare const validate: {
  (data: unknown): data is FactLine;
  errors?: ErrorObject[] | null;
};
export default validate;
