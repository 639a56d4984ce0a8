import type { IdentityScope, Scope } from '../security/scopes.js';

/** What a permission is called where somebody is asked for it. */
export interface ScopeWords {
  readonly title: string;
  readonly description: string;
}

const words = (title: string, description: string): ScopeWords => ({ title, description });

/** In the second person: they are read by whose account it is. */
const scopeWords: Readonly<Record<Scope | IdentityScope, ScopeWords>> = {
  openid: words('Know who you are', 'An identifier that stands for your account, and nothing else about you.'),
  profile: words('See your name', 'Your display name and your username.'),
  email: words('See your email address', 'And whether you have confirmed it.'),
  offline_access: words('Stay connected', 'Keep this access when you are not there, until you remove it.'),
  'data:read': words('Read your records', 'All records in your account, except those marked restricted.'),
  'data:write': words('Change your records', 'Create, change, delete and restore records in your account.'),
  'data:restricted': words('Reach restricted records', 'The records you marked restricted, too.'),
  'profile:read': words('Read your profile', 'Your email address, names, roles and account status.'),
  'profile:write': words('Change your profile', 'Your username and your display name.'),
  'keys:read': words('See your API keys', 'Their names and permissions, never the keys themselves.'),
  'keys:write': words('Manage your API keys', 'Create, change and end keys that act for you.'),
  'sessions:read': words('See where you are signed in', 'Your sessions, and the apps that have access.'),
  'sessions:write': words('Sign you out', 'End your sessions and the access of apps.'),
  'users:read': words('See all users', 'Email addresses, names, roles and status of everybody here.'),
  'users:write': words('Manage users', 'Invite, change, disable and delete other people’s accounts.'),
  'audit:read': words('Read the audit log', 'Who did what, in all accounts.'),
  'clients:read': words('See your apps', 'The apps you registered, never their secrets.'),
  'clients:write': words('Manage your apps', 'Register, change and delete apps that people can connect.'),
};

/** The words for a scope. One that nobody has words for is shown by its name: silence would hide what is asked for. */
export const wordsOf = (scope: string): ScopeWords =>
  Object.hasOwn(scopeWords, scope)
    ? scopeWords[scope as keyof typeof scopeWords]
    : words(scope, 'A permission that is known by this name alone.');
