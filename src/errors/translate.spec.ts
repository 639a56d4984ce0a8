import pg from 'pg';
import {
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
  TransactionNotStartedError,
} from 'typeorm';
import { describe, expect, it } from 'vitest';
import { translate } from './translate.js';

const failed = (code: string) =>
  new QueryFailedError('SELECT 1', [], Object.assign(new pg.DatabaseError('', 0, 'error'), { code }));

describe('translate()', () => {
  it.each([
    // A connection that is lost between two statements of a transaction is taken from the one who is at it.
    new QueryRunnerAlreadyReleasedError(),
    new QueryRunnerProviderAlreadyReleasedError(),
    new Error('Connection terminated unexpectedly'),
    new Error('Connection terminated due to connection timeout'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Client has encountered a connection error and is not queryable'),
    new Error('Client was closed and is not queryable'),
    Object.assign(new Error('the database is silent'), { code: 'ETIMEDOUT' }),
  ])('says of a lost connection that it is not the time: %s', (error) => {
    expect(translate(error)).toMatchObject({ code: 'unavailable', options: { retryAfter: 1 } });
  });

  it.each(['08006', '25006', '25P03', '40001', '40P01', '53100', '53300', '55P03', '57014', '57P01', '57P03', '58030'])(
    'says so of SQLSTATE %s',
    (code) => expect(translate(failed(code))).toMatchObject({ code: 'unavailable', options: { retryAfter: 1 } }),
  );

  it.each([failed('42P01'), failed('XX000'), failed('25P02'), new TransactionNotStartedError(), new Error('other')])(
    'takes the rest for a mistake of its own: %s',
    (error) => expect(translate(error).code).toBe('internal_error'),
  );
});
