// Generated from schemas/manifest.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { ArchiveManifest } from './manifest';

declare const validate: {
  (data: unknown): data is ArchiveManifest;
  errors?: ErrorObject[] | null;
};
export default validate;
