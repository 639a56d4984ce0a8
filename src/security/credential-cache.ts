import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Credential, FIRST_PARTY_CLIENT } from './principal.js';
import { RevocationFeed } from './revocation-feed.js';

const MAX_ENTRIES = 50_000;

/**
 * Proved credentials by the hash of their text, so that the steady state costs no query and no signature check.
 * Nothing is answered from memory while the revocation feed is silent. Bounded; the least recently used goes first.
 */
@Injectable()
export class CredentialCache {
  /** Which hashes to forget when a user, session or key changes. */
  private readonly hashesOf = new Map<string, Set<string>>();
  private readonly entries = new LRUCache<string, Credential>({
    max: MAX_ENTRIES,
    dispose: (credential, hash) => this.unlink(credential, hash),
  });

  constructor(private readonly feed: RevocationFeed) {
    feed.onRevoked((id) => this.forget(id));
    feed.onGap(() => this.entries.clear());
  }

  find(hash: string): Credential | undefined {
    return this.feed.isLive() ? this.entries.get(hash) : undefined;
  }

  /** Taken before a credential is read from the database, and given back with it. */
  ticket(): number {
    return this.feed.position;
  }

  /** Keeps a credential, unless something was revoked while it was being read: it may be what was revoked. */
  remember(ticket: number, hash: string, credential: Credential): void {
    if (ticket !== this.feed.position || !this.feed.isLive()) return;
    this.entries.set(hash, credential);
    for (const id of idsOf(credential)) {
      const hashes = this.hashesOf.get(id);
      if (hashes) hashes.add(hash);
      else this.hashesOf.set(id, new Set([hash]));
    }
  }

  private forget(id: string): void {
    for (const hash of this.hashesOf.get(id) ?? []) this.entries.delete(hash);
  }

  private unlink(credential: Credential, hash: string): void {
    for (const id of idsOf(credential)) {
      const hashes = this.hashesOf.get(id);
      if (hashes?.delete(hash) && hashes.size === 0) this.hashesOf.delete(id);
    }
  }
}

/** What a credential hangs on: the end of any is its end. */
function idsOf({ subject, credentialId, clientId, tokenId }: Credential): readonly string[] {
  // Sessions and keys end as a whole, and nobody ends the client of the former.
  return clientId === null || clientId === FIRST_PARTY_CLIENT
    ? [subject, credentialId]
    : [subject, credentialId, clientId, ...(tokenId ? [tokenId] : [])];
}
