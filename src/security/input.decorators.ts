import { FORM_TYPE } from './form-body.js';
import { configure } from './route-config.js';

/** A page for people: it takes forms, and its refusals are pages. */
export const Page = () => configure({ refusals: 'page', consumes: [FORM_TYPE] });

/** Another server sends the browser here, and may say more than we know of (RFC 6749 section 4.1.2: unknown parameters are ignored). */
export const ForeignQuery = () => configure({ foreignQuery: true });

/** Bodies of these media types are read too; any other is 415. */
export const Consumes = (...types: string[]) => configure({ consumes: types });
