// Generated from schemas/watch.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { WatchLine } from './watch';

declare const validate: {
  (data: unknown): data is WatchLine;
  errors?: ErrorObject[] | null;
};
export default validate;
