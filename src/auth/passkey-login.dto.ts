import { type AssertionResponse, PasskeyAssertion } from '../passkeys/passkey-response.js';

/** What a browser is given to use a passkey. */
export const REQUEST_OPTIONS = {
  type: 'object',
  additionalProperties: true,
  description: 'For PublicKeyCredential.parseRequestOptionsFromJSON().',
};

export class PasskeyLogin {
  @PasskeyAssertion()
  response: AssertionResponse;
}
