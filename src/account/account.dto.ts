import { Text } from '../security/fields.js';
import { LONGEST_RESPONSE, PageForm } from '../security/page-form.js';

export class NewPasskeyForm extends PageForm {
  @Text(1, 100)
  name: string;

  /** JSON; empty where the options are still to be asked for. */
  @Text(0, LONGEST_RESPONSE)
  response: string;
}
