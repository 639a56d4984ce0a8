import { Injectable } from '@nestjs/common';

/** When each key was last used, until its feature writes it down. At most one entry a key that exists. */
@Injectable()
export class CredentialUse {
  private used = new Map<string, number>();

  note(credentialId: string): void {
    this.used.set(credentialId, Date.now());
  }

  /** Everything noted since the last call, in milliseconds since the epoch. */
  take(): ReadonlyMap<string, number> {
    const taken = this.used;
    this.used = new Map();
    return taken;
  }

  /** Puts back what could not be written, unless something newer was noted. */
  giveBack(used: ReadonlyMap<string, number>): void {
    for (const [id, at] of used) if (!this.used.has(id)) this.used.set(id, at);
  }
}
