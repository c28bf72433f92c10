// Generated from schemas/submission.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { SubmissionLine } from './submission';

declare const validate: {
  (data: unknown): data is SubmissionLine;
  errors?: ErrorObject[] | null;
};
export default validate;
