// Generated from schemas/report.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { EitReport } from './report';

declare const validate: {
  (data: unknown): data is EitReport;
  errors?: ErrorObject[] | null;
};
export default validate;
