import { Inject, Injectable } from '@nestjs/common';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { PRODUCT } from '../config/product.js';
import { invalidInput } from '../errors/problem.js';
import { BreachedPasswords } from './breached-passwords.js';
import { CommonPasswords } from './common-passwords.js';
import { isNewPassword, lengthRule, MIN_PASSWORD, MIN_PASSWORD_WITH_MFA } from './new-password.js';

/** What a password may not be made of: it is known of the person, or of this service. */
export interface PasswordContext {
  readonly email?: string | null | undefined;
  readonly username?: string | null | undefined;
  readonly displayName?: string | null | undefined;
  /** With one a password may be shorter. */
  readonly hasSecondFactor?: boolean;
}

/** A shorter word is in too many good passwords by chance. */
const SHORTEST_WORD = 4;
/** What must be left of a password without what is known: characters. */
const LEAST_OWN = 8;

/**
 * Refuses passwords that are guessed first, with the reason (NIST SP 800-63B-4 section 3.1.1.2, ASVS 6.2.4, 6.2.11, 6.2.12). There are
 * no rules of composition.
 */
@Injectable()
export class PasswordPolicy {
  private readonly common = new CommonPasswords();
  private readonly host: string;

  constructor(
    private readonly breached: BreachedPasswords,
    @Inject(authConfig.KEY) { publicUrl }: ConfigOf<typeof authConfig>,
  ) {
    this.host = new URL(publicUrl).hostname;
  }

  /** Throws 400 `validation_failed`, naming the member that holds the password. */
  async require(password: string, member: string, context: PasswordContext = {}): Promise<void> {
    const least = context.hasSecondFactor ? MIN_PASSWORD_WITH_MFA : MIN_PASSWORD;
    if (!isNewPassword(password, least)) throw tooShort(member, least);
    if (this.common.has(password)) throw refusal(member, 'common', 'Is among the passwords that are tried first.');
    this.requireUnrelated(password, member, context);
    if (await this.breached.has(password)) throw refusal(member, 'breached', 'Is in a list of stolen passwords.');
  }

  /** The part of it that depends on whose password it is. */
  requireUnrelated(password: string, member: string, context: PasswordContext): void {
    if (!this.isContext(password, context)) return;
    throw refusal(member, 'context', 'Is made of your address, your name or the name of this service.');
  }

  private isContext(password: string, { email, username, displayName }: PasswordContext): boolean {
    const known = [email, username, displayName, this.host, PRODUCT].flatMap((text) => wordsOf(text ?? ''));
    let rest = folded(password);
    for (const word of known.toSorted((a, b) => b.length - a.length)) rest = rest.replaceAll(word, '');
    return rest.length < folded(password).length && lettersAndDigits(rest).length < LEAST_OWN;
  }
}

const tooShort = (member: string, least: number) =>
  invalidInput([{ pointer: `/${member}`, code: 'password', detail: lengthRule(least) }]);

const refusal = (member: string, reason: string, detail: string) =>
  invalidInput([{ pointer: `/${member}`, code: `password_${reason}`, detail }]);

const folded = (text: string): string => text.normalize('NFKC').toLowerCase();
const lettersAndDigits = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '');

/** The parts of an address or a name, and all of it without what is between. */
function wordsOf(text: string): string[] {
  const parts = folded(text).split(/[^\p{L}\p{N}]+/u);
  return [...new Set([folded(text), parts.join(''), ...parts])].filter(({ length }) => length >= SHORTEST_WORD);
}
