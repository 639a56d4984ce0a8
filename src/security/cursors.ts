import { Inject, Injectable } from '@nestjs/common';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { Problem } from '../errors/problem.js';
import { CursorSigner } from './cursor.js';
import { deriveKey } from './sealing.js';

type Position = (string | number)[];

/** Places in a list that only this backend can make, bound to principal, filters and sort. */
@Injectable()
export class Cursors {
  private readonly signer: CursorSigner;

  constructor(@Inject(authConfig.KEY) config: ConfigOf<typeof authConfig>) {
    this.signer = new CursorSigner(deriveKey(config.secretKey, 'cursor'));
  }

  sign(scope: readonly string[], position: Position): string {
    return this.signer.sign(scope, position);
  }

  /** The position, or null without a cursor. Throws 400 `cursor_invalid` for any other list's. */
  open(scope: readonly string[], cursor: string | undefined): Position | null {
    if (cursor === undefined) return null;
    const position = this.signer.open(scope, cursor);
    if (!position) throw new Problem('cursor_invalid');
    return position;
  }
}
