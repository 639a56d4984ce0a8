import { namespace } from './namespace.js';
import { PRODUCT } from './product.js';
import { relyingParty } from './relying-party.js';

/** Whom passkeys are made for, and how that is called where they are chosen. */
export const passkeysConfig = namespace('passkeys', (env) => ({ name: PRODUCT, ...relyingParty(env) }));
