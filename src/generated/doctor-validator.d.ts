// Generated from schemas/doctor.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { DoctorReport } from './doctor';

declare const validate: {
  (data: unknown): data is DoctorReport;
  errors?: ErrorObject[] | null;
};
export default validate;
