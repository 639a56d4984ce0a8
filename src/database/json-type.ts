import pg from 'pg';
import { readJson } from '../security/json-body.js';

const JSON_OID = 114;
const JSONB_OID = 3802;

/**
 * How a connection reads JSON columns. `JSON.parse` of current V8 may return a member name with an escape as another name
 * it read before (nodejs/node 63785), so that what comes back would not be what was stored.
 */
export const exactJson: Pick<typeof pg.types, 'getTypeParser'> = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === JSON_OID || oid === JSONB_OID
      ? readJson
      : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};
