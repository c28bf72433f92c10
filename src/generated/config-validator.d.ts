// Generated from schemas/config.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { EitConfig } from './config';

declare const validate: {
  (data: unknown): data is EitConfig;
  errors?: ErrorObject[] | null;
};
export default validate;
