import { createHmac, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { Problem } from '../errors/problem.js';
import { cookieOf, FORM_COOKIE, SESSION_COOKIE, setCookie } from './cookies.js';
import { isSame } from './same-text.js';
import { deriveKey } from './sealing.js';

const DAY = 86_400;

/** The hidden field of a form. */
export interface FormToken {
  readonly name: string;
  readonly value: string;
}

/**
 * Is this form one of ours? A cookie that no other site can set, signed for the session it was shown in (OWASP: signed double
 * submit), and what browsers say of where a request comes from (ASVS 3.5.1, 3.5.3).
 */
@Injectable()
export class FormTokens {
  private readonly key: Buffer;
  private readonly origin: string;

  constructor(@Inject(authConfig.KEY) { secretKey, publicUrl }: ConfigOf<typeof authConfig>) {
    this.key = deriveKey(secretKey, 'form tokens');
    this.origin = new URL(publicUrl).origin;
  }

  /** The field for a form on the page that is being answered. */
  issue(request: FastifyRequest, reply: FastifyReply): FormToken {
    let browser = cookieOf(request, FORM_COOKIE);
    if (!browser) {
      browser = randomBytes(16).toString('base64url');
      setCookie(reply, FORM_COOKIE, browser, DAY);
    }
    return { name: 'csrf', value: this.tokenOf(browser, request) };
  }

  /** Throws 403 `form_expired` for a form that was not shown in this browser to whoever is signed in now. */
  require(request: FastifyRequest, token: string): void {
    this.requireOurPage(request);
    const browser = cookieOf(request, FORM_COOKIE);
    if (!browser || !isSame(token, this.tokenOf(browser, request))) throw new Problem('form_expired');
  }

  /** Throws 403 `form_expired` where the browser says that the request did not begin on a page of ours. */
  requireOurPage({ headers: { origin, 'sec-fetch-site': site = 'same-origin' } }: FastifyRequest): void {
    const ours = site === 'same-origin' && (origin === undefined || origin === this.origin);
    if (!ours) throw new Problem('form_expired');
  }

  private tokenOf(browser: string, request: FastifyRequest): string {
    const session = cookieOf(request, SESSION_COOKIE) ?? '';
    return createHmac('sha256', this.key).update(`${browser}\0${session}`).digest('base64url');
  }
}
