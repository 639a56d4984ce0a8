import { namespace } from './namespace.js';
import { publicUrlOf } from './public-url.js';

/** By whom people can sign in besides us, and the page of ours that they come back to. */
export const outsideProvidersConfig = namespace('outsideProviders', (env) => ({
  publicUrl: publicUrlOf(env),
  secretKey: env.SECRET_KEY ?? '',
  providers: env.OIDC_PROVIDERS,
}));
