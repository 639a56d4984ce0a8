import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { deviceCodeView, deviceConfirmView, deviceDoneView } from '../pages/device.view.js';
import { deviceOf } from '../security/device.js';
import { exchangeOf } from './exchange.js';
import { answer, formOf, nameOf, outOfDate } from './page-answer.js';

/** RFC 8628: a device without a browser shows a code, and a person types it here. */
export const deviceFlow = {
  enabled: true,
  deviceInfo: (ctx) => {
    const { request } = exchangeOf(ctx.req);
    return { ip: request.ip, ua: deviceOf(request, 'tokens').userAgent ?? '' };
  },
  userCodeInputSource: async (ctx, _form, _out, error) => {
    if (error?.name === 'InvalidRequest') return outOfDate(ctx, '/device');
    const { userCode } = (error ?? {}) as { userCode?: string };
    const wrong = 'That code is wrong, was used, or is over. Check it, or start again on your device.';
    answer(
      ctx,
      error?.name === 'AbortedError'
        ? deviceDoneView({ client: nameOf(ctx.oidc.client), allowed: false })
        : deviceCodeView({
            ...formOf(ctx, 'code_verification'),
            code: userCode ?? codeInLink(ctx),
            error: error && wrong,
          }),
    );
  },
  userCodeConfirmSource: async (ctx, _form, client, device, userCode) => {
    const { ip = '', ua = '' } = device as { ip?: string; ua?: string };
    answer(
      ctx,
      deviceConfirmView({
        ...formOf(ctx, 'code_verification'),
        code: userCode,
        client: nameOf(client),
        address: ip,
        agent: ua,
      }),
    );
  },
  successSource: async (ctx) => answer(ctx, deviceDoneView({ client: nameOf(ctx.oidc.client), allowed: true })),
} satisfies NonNullable<NonNullable<Configuration['features']>['deviceFlow']>;

const CODE_IN_LINK = Symbol('user code');

/** Takes the code out of a link (RFC 8628 section 3.3.1), to be shown in the form: the library would send it off by a script. */
export function takeCodeOfLink(ctx: KoaContextWithOIDC): void {
  const { user_code: code, ...query } = ctx.query;
  if (ctx.path !== '/device' || ctx.method === 'POST' || typeof code !== 'string') return;
  ctx.query = query;
  Object.assign(ctx.state, { [CODE_IN_LINK]: code.slice(0, 32) });
}

const codeInLink = ({ state }: KoaContextWithOIDC): string | undefined =>
  (state as { [CODE_IN_LINK]?: string })[CODE_IN_LINK];
