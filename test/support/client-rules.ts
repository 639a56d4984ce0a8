import { nth } from './fill.js';

const NOBODY = nth(99);
const [AC, RT, CC] = ['authorization_code', 'refresh_token', 'client_credentials'];
const ITSELF = { owner_id: null, redirect_uris: [], grant_types: [CC] };
const URIS = Array.from({ length: 21 }, (_, i) => `https://a.example/${i}`);

/** Rules that the database keeps of clients: what is changed in a valid row, and the constraint that says no. */
export const clientRules: readonly [
  rule: string,
  table: string,
  changes: Record<string, unknown>,
  constraint: string,
][] = [
  ['a client is somebody’s, or nobody’s', 'oauth_clients', { owner_id: NOBODY }, 'oauth_clients_owner'],
  ['a client has a name', 'oauth_clients', { name: '' }, 'oauth_clients_name'],
  ['a client runs in a known place', 'oauth_clients', { application_type: 'tv' }, 'oauth_clients_application_type'],
  ['a client proves itself in a known way', 'oauth_clients', { auth_method: 'tls' }, 'oauth_clients_auth_method'],
  ['a client has a grant', 'oauth_clients', { grant_types: [], redirect_uris: [] }, 'oauth_clients_grant_types'],
  ['known grants', 'oauth_clients', { grant_types: [AC, 'implicit'] }, 'oauth_clients_grant_types'],
  ['no grant that is null', 'oauth_clients', { grant_types: [AC, null] }, 'oauth_clients_grant_types'],
  ['what refreshes was got before', 'oauth_clients', { ...ITSELF, grant_types: [CC, RT] }, 'oauth_clients_refresh'],
  ['who acts alone is known', 'oauth_clients', { ...ITSELF, auth_method: 'none' }, 'oauth_clients_itself'],
  ['who acts alone is nobody’s', 'oauth_clients', { ...ITSELF, owner_id: nth(1) }, 'oauth_clients_itself'],
  ['a code goes somewhere', 'oauth_clients', { redirect_uris: [] }, 'oauth_clients_redirects'],
  ['nothing else does', 'oauth_clients', { ...ITSELF, redirect_uris: ['https://a.b/'] }, 'oauth_clients_redirects'],
  ['20 redirects', 'oauth_clients', { redirect_uris: URIS }, 'oauth_clients_redirects'],
  ['no redirect that is null', 'oauth_clients', { redirect_uris: [null] }, 'oauth_clients_redirects'],
  ['20 ways out', 'oauth_clients', { post_logout_redirect_uris: URIS }, 'oauth_clients_post_logout'],
  [
    'no way out of nowhere',
    'oauth_clients',
    { ...ITSELF, post_logout_redirect_uris: ['u'] },
    'oauth_clients_post_logout',
  ],
  ['a client has a scope', 'oauth_clients', { scopes: [] }, 'oauth_clients_scopes'],
  ['keys where they are used', 'oauth_clients', { auth_method: 'private_key_jwt' }, 'oauth_clients_jwks'],
  ['no keys where they are not', 'oauth_clients', { jwks: '{}' }, 'oauth_clients_jwks'],
  ['what registered itself is nobody’s', 'oauth_clients', { registered: true }, 'oauth_clients_registered'],
  ['and never acts alone', 'oauth_clients', { ...ITSELF, registered: true }, 'oauth_clients_registered'],
  ['a secret belongs to a client', 'oauth_client_secrets', { client_id: NOBODY }, 'oauth_client_secrets_client'],
  ['its secret is a hash', 'oauth_client_secrets', { hash: Buffer.from('secret') }, 'oauth_client_secrets_hash'],
];
