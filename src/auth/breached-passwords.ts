import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';

const PREFIX = 5;
const ANSWER_MS = 1_500;
/** A page of the range API has a thousand lines or so. */
const LARGEST_ANSWER = 1_000_000;

/**
 * Asks the range API of Have I Been Pwned, or a mirror of it, whether a password was stolen: five digits of its SHA-1 leave this process,
 * which hundreds of others share. Where it does not answer the password passes, with a log line.
 */
@Injectable()
export class BreachedPasswords {
  private readonly logger = new Logger(BreachedPasswords.name);

  constructor(@Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>) {}

  /** False where no API is configured. */
  async has(password: string): Promise<boolean> {
    const { breachedPasswordsUrl: base } = this.config;
    if (!base) return false;
    const digest = createHash('sha1').update(password.normalize('NFKC')).digest('hex').toUpperCase();
    try {
      return contains(await this.ask(new URL(digest.slice(0, PREFIX), base)), digest.slice(PREFIX));
    } catch (error) {
      this.logger.warn(`a new password was not compared with stolen ones: ${(error as Error).name}`);
      return false;
    }
  }

  private async ask(url: URL): Promise<string> {
    // Padded: the length of an answer would tell which range it is.
    const headers = { 'add-padding': 'true', 'user-agent': 'rampart' };
    const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) throw new Error(`answered ${response.status}`);
    const text = await response.text();
    if (text.length > LARGEST_ANSWER) throw new Error('answered too much');
    return text;
  }
}

/** Lines of `suffix:count`; padding has the count 0. */
const contains = (lines: string, suffix: string): boolean =>
  lines.split(/\r?\n/).some((line) => line.startsWith(`${suffix}:`) && !line.endsWith(':0'));
