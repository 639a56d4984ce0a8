import type { Csrf } from './page-model.js';

type Time = Date | null;

/** Everything on the page of one's account. Lists are as their owner sees them by the API. */
export interface AccountModel {
  readonly csrf: Csrf;
  readonly user: { readonly email: string; readonly displayName: string | null; readonly username: string | null };
  readonly sessions: readonly AccountSession[];
  readonly grants: readonly AccountGrant[];
  readonly keys: readonly AccountKey[];
  readonly passkeys: readonly AccountPasskey[];
  readonly providers: readonly AccountProvider[];
  readonly hasTotp: boolean;
  /** Who may only look sees no button that would refuse them. */
  readonly canChange: boolean;
}

export interface AccountSession {
  readonly id: string;
  /** What they are signed in with, as in `Firefox on Linux`. */
  readonly client: string;
  readonly network: string;
  readonly lastUsedAt: Date;
  readonly current: boolean;
}

export interface AccountGrant {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly { readonly title: string }[];
  readonly createdAt: Date;
  readonly lastUsedAt: Time;
}

export interface AccountKey {
  readonly id: string;
  readonly name: string;
  /** What the key begins with, as far as it is no secret. */
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly lastUsedAt: Time;
  readonly expiresAt: Time;
}

export interface AccountPasskey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Time;
}

export interface AccountProvider {
  readonly name: string;
  readonly label: string;
  readonly linked: boolean;
  /** Its owner can sign in with it. */
  readonly works: boolean;
  /** Another way in is left. */
  readonly canUnlink: boolean;
}
