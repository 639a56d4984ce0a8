import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { errorView } from '../pages/error.view.js';
import { pageHeaders } from '../security/security-headers.js';
import { exchangeOf } from './exchange.js';

/** Answers with a page of ours; `targets` are addresses to which its forms may lead besides our own. */
export function answer(ctx: KoaContextWithOIDC, markup: string, ...targets: (string | undefined)[]): void {
  ctx.body = markup;
  ctx.set(pageHeaders(...targets.filter((target) => target !== undefined)));
}

/** A form of a session that is over, or one that was not shown here. */
export function outOfDate(ctx: KoaContextWithOIDC, home: string): void {
  const { id: requestId } = exchangeOf(ctx.req).request;
  const sentence = 'It was open for too long, or was sent before.';
  answer(ctx, errorView({ title: 'This page is out of date', sentence, requestId, code: 'form_expired', home }));
}

/** The library has tokens of its own against forged forms. */
export function formOf(ctx: KoaContextWithOIDC, route: string) {
  const { secret = '' } = (ctx.oidc.session?.state ?? {}) as { secret?: string };
  return { action: new URL(ctx.oidc.urlFor(route)).pathname, csrf: { name: 'xsrf', value: secret } };
}

/** What an application calls itself. */
export const nameOf = (client: Client | undefined) => ({ name: client?.clientName ?? client?.clientId ?? 'The app' });
