import { invalidInput } from '../errors/problem.js';
import { CreateOAuthClient } from '../oauth-clients/oauth-clients.dto.js';
import { StrictValidationPipe } from '../security/validation.pipe.js';
import { KEPT, memberFault } from './registration-members.js';
import { grantableOf, SCOPES_FAULT } from './registration-scopes.js';

/** No device grant either: a stranger would have people type a code for it, and no redirect says where that goes (RFC 8628 section 5.4). */
const GRANTS: ReadonlySet<unknown> = new Set(['authorization_code', 'refresh_token']);

const rules = new StrictValidationPipe();

/**
 * A registration in our own words, read member by member: what RFC 7591 section 2 tells a server to ignore, logos and links that
 * would be shown to people among it, goes no further. The name is the id where none is given. Throws 400.
 */
export function clientOf(metadata: Readonly<Record<string, unknown>>, id: string): CreateOAuthClient {
  const own = new Map(Object.entries(metadata));
  for (const [word, value] of own) {
    const fault = memberFault(word, value);
    if (fault !== null) throw refusal(word, fault);
  }
  const scopes = grantableOf(own.get('scope'));
  if (scopes.length === 0) throw refusal('scope', SCOPES_FAULT);
  const given = KEPT.filter(([word]) => own.has(word)).map(([word, member]) => [member, own.get(word)]);
  const values = { name: id, ...Object.fromEntries(given), scopes };
  const client = rules.transform(values, { type: 'body', metatype: CreateOAuthClient }) as CreateOAuthClient;
  if (client.grantTypes?.some((type) => !GRANTS.has(type))) {
    throw refusal('grant_types', 'Can be authorization_code and refresh_token alone.');
  }
  return client;
}

const refusal = (word: string, detail: string) =>
  invalidInput([{ pointer: `/${word}`, code: 'client_metadata', detail }]);
