import { accountStyle } from './style-account.js';
import { accountNarrowStyle } from './style-account-narrow.js';
import { buttonStyle } from './style-buttons.js';
import { colorStyle } from './style-colors.js';
import { consentStyle } from './style-consent.js';
import { formStyle } from './style-forms.js';
import { outcomeStyle } from './style-outcome.js';
import { pageStyle } from './style-page.js';

const all = [
  colorStyle,
  pageStyle,
  formStyle,
  buttonStyle,
  consentStyle,
  outcomeStyle,
  accountStyle,
  accountNarrowStyle,
].join('');

/** The style of all pages in one file. No string in it holds two spaces, or one beside a comma. */
export const style = all
  .replace(/\s+/g, ' ')
  .replace(/ ?([{};,]) ?/g, '$1')
  .replaceAll(': ', ':')
  .replaceAll(';}', '}')
  .trim();
