import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';
import { type Device, deviceOf } from './device.js';
import { type Actor, nobodyIn } from './principal.js';
import { pageHeaders } from './security-headers.js';

/** Of an authorization request that waits. */
export const INTERACTION_ID = /^[\w-]{20,64}$/;
/** Signing in for no application, to see one's account. */
const ACCOUNT = 'account';

/** Where somebody signs in for an application that waits, or to see their account. */
export const loginPath = (interaction: string | null): string => `/login/${interaction ?? ACCOUNT}`;

/** One request of a browser for a page, and the answer to it. */
export class Visit {
  constructor(
    readonly request: FastifyRequest,
    readonly reply: FastifyReply,
  ) {}

  /** The authorization request that waits for this; null where the path names the account itself. Throws 404 for what is neither. */
  get interaction(): string | null {
    const { interaction = ACCOUNT } = this.request.params as { interaction?: string };
    if (interaction === ACCOUNT) return null;
    if (!INTERACTION_ID.test(interaction)) throw new Problem('not_found');
    return interaction;
  }

  /** The page on which this began. */
  get path(): string {
    return loginPath(this.interaction);
  }

  get device(): Device {
    return deviceOf(this.request, 'cookie');
  }

  /** Nobody is known yet. */
  get actor(): Actor {
    return nobodyIn(this.request);
  }

  /** Answers with a page; `targets` are the addresses to which its forms may lead besides our own. */
  page(markup: string, { status = 200, targets = [] }: { status?: number; targets?: string[] } = {}): string {
    void this.reply.code(status).headers(pageHeaders(...targets));
    return markup;
  }

  /** Answers the script of a page. */
  json(value: object): string {
    void this.reply.headers({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
    return JSON.stringify(value);
  }

  /** Sends the browser on, by GET whatever it came with (RFC 9110 section 15.4.4). */
  goTo(location: string): string {
    void this.reply.code(303).headers({ location, 'cache-control': 'no-store' });
    return '';
  }
}

/** The visit of a page. */
export const CurrentVisit = createParamDecorator((_: unknown, context: ExecutionContext): Visit => {
  const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
  return new Visit(request, reply);
});
