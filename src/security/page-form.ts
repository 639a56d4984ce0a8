import { Text } from './fields.js';

/** Of what a browser says about a passkey, as JSON. */
export const LONGEST_RESPONSE = 16_384;

/** The hidden field of every form of a page. */
export class PageForm {
  @Text(1, 200)
  csrf: string;
}
