import { type AssertionResponse, PasskeyAssertion } from '../passkeys/passkey-response.js';

export class PasskeyLogin {
  @PasskeyAssertion()
  response: AssertionResponse;
}
