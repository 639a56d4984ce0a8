import { Text } from '../security/fields.js';

const LONGEST_RESPONSE = 16_384;

/** The hidden field of every form. */
export class AccountForm {
  @Text(1, 200)
  csrf: string;
}

export class NewPasskeyForm extends AccountForm {
  @Text(1, 100)
  name: string;

  /** JSON; empty where the options are still to be asked for. */
  @Text(0, LONGEST_RESPONSE)
  response: string;
}
