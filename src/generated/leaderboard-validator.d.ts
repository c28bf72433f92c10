// Generated from schemas/leaderboard.schema.json by `npm run generate`. Do not edit.
import type { ErrorObject } from 'ajv';
import type { LeaderboardSpec } from './leaderboard';

declare const validate: {
  (data: unknown): data is LeaderboardSpec;
  errors?: ErrorObject[] | null;
};
export default validate;
