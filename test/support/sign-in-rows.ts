import { nth } from './fill.js';

const hash = (byte: number): Buffer => Buffer.alloc(32, byte);

type Row = Record<string, unknown>;

/** A valid row of each table of what people sign in with besides a password, of the person with the first id. */
export const signInRows: Readonly<Record<string, Row>> = {
  passkeys: {
    id: nth(8),
    user_id: nth(1),
    credential_id: hash(9),
    public_key: hash(9),
    counter: 0,
    transports: [],
    name: 'n',
    device_type: 'singleDevice',
    backed_up: false,
  },
  outside_accounts: { id: nth(41), user_id: nth(1), provider: 'p', issuer: 'i', subject: 's' },
};

/** What identifies each of them, made new. */
export const freshSignInRows: Readonly<Record<string, Row>> = {
  passkeys: { id: nth(18), credential_id: hash(19) },
  outside_accounts: { id: nth(42), provider: 'q' },
};

const NOBODY = nth(99);

export const signInRules: readonly [rule: string, table: string, changes: Row, constraint: string][] = [
  ['one passkey a credential', 'passkeys', { credential_id: hash(9) }, 'passkeys_credential_id'],
  ['a passkey is somebody’s', 'passkeys', { user_id: NOBODY }, 'passkeys_user'],
  ['a passkey counts from 0', 'passkeys', { counter: -1 }, 'passkeys_counter'],
  ['a passkey counts in 32 bits', 'passkeys', { counter: 4_294_967_296 }, 'passkeys_counter'],
  ['a passkey has a name', 'passkeys', { name: '' }, 'passkeys_name'],
  ['a name of a passkey ends', 'passkeys', { name: 'n'.repeat(101) }, 'passkeys_name'],
  ['a passkey is copied or it is not', 'passkeys', { device_type: 'both' }, 'passkeys_device_type'],
  ['an account elsewhere is somebody’s', 'outside_accounts', { user_id: NOBODY }, 'outside_accounts_user'],
  ['one account a provider', 'outside_accounts', { provider: 'p', subject: 't' }, 'outside_accounts_of_both'],
  ['an account elsewhere is one person', 'outside_accounts', { subject: '' }, 'outside_accounts_subject_length'],
  ['the name of it ends', 'outside_accounts', { subject: 's'.repeat(256) }, 'outside_accounts_subject_length'],
  ['a provider is called something', 'outside_accounts', { provider: null }, 'provider missing'],
  ['somebody has said so', 'outside_accounts', { issuer: null }, 'issuer missing'],
  // Before the other of the two in the order in which they were made.
  ['one person an account elsewhere', 'outside_accounts', { provider: 'p' }, 'outside_accounts_subject'],
];
