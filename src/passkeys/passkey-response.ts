import { field, type FieldOptions, isText } from '../security/fields.js';

/** What `PublicKeyCredential.toJSON()` gives for a new passkey (WebAuthn Level 3, section 5.1), as far as anybody looks at it. */
export interface RegistrationResponse {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly clientExtensionResults: object;
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports?: string[];
  };
}

/** The same for the use of one. */
export interface AssertionResponse extends Omit<RegistrationResponse, 'response'> {
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle?: string | null;
  };
}

type Accepts = (value: unknown) => boolean;
type Members = Readonly<Record<string, Accepts>>;

/** Whole base64url without padding, as browsers write it: one text for the same bytes (RFC 4648 section 3.5). */
const bytes =
  (min: number, max: number): Accepts =>
  (value) =>
    typeof value === 'string' &&
    value.length <= Math.ceil((max * 4) / 3) &&
    /^[\w-]*$/.test(value) &&
    Buffer.byteLength(value, 'base64url') >= min &&
    Buffer.from(value, 'base64url').toString('base64url') === value;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Transports that nobody knows yet are kept, as section 4 asks for. */
const isTransports: Accepts = (value) =>
  Array.isArray(value) && value.length <= 10 && value.every((each) => isText(each, 1, 32) && /^[a-z0-9-]+$/.test(each));

/** Members that nobody here knows are left alone, as section 5.1 has it: browsers and password managers add some before this code knows them. */
const has = (value: unknown, required: Members, optional: Members): boolean =>
  isObject(value) &&
  Object.entries(required).every(([name, accepts]) => Object.hasOwn(value, name) && accepts(value[name])) &&
  Object.entries(optional).every(([name, accepts]) => !Object.hasOwn(value, name) || accepts(value[name]));

/** Some write null for what an authenticator did not say. */
const orNull =
  (accepts: Accepts): Accepts =>
  (value) =>
    value === null || accepts(value);

/** Of section 5.8.3, an identifier is at most 1023 bytes; the others are bounds of this API, many times what browsers send. */
const IDENTIFIER = bytes(1, 1023);
const CLIENT_DATA = bytes(1, 4096);
const AUTHENTICATOR_DATA = bytes(37, 4096);

const credential = (value: unknown, required: Members, optional: Members): boolean =>
  has(
    value,
    {
      id: IDENTIFIER,
      rawId: IDENTIFIER,
      type: (type) => type === 'public-key',
      clientExtensionResults: isObject,
      response: (response) => has(response, required, optional),
    },
    { authenticatorAttachment: orNull((each) => each === 'platform' || each === 'cross-platform') },
  ) && (value as RegistrationResponse).id === (value as RegistrationResponse).rawId;

const response = (what: string, accepts: Accepts, options?: FieldOptions): PropertyDecorator =>
  field(
    {
      name: 'passkey_response',
      detail: `Must be the ${what} that PublicKeyCredential.toJSON() gives.`,
      accepts,
      schema: { type: 'object', additionalProperties: true },
    },
    options,
  );

/** A new passkey, whole. What it says is judged later. */
export const PasskeyRegistration = () =>
  response('registration', (value) =>
    credential(
      value,
      { clientDataJSON: CLIENT_DATA, attestationObject: bytes(1, 16_384) },
      {
        authenticatorData: AUTHENTICATOR_DATA,
        transports: isTransports,
        publicKey: bytes(1, 4096),
        publicKeyAlgorithm: Number.isSafeInteger,
      },
    ),
  );

/** The use of a passkey, whole. What it says is judged later. */
export const PasskeyAssertion = (options?: FieldOptions) =>
  response(
    'assertion',
    (value) =>
      credential(
        value,
        { clientDataJSON: CLIENT_DATA, authenticatorData: AUTHENTICATOR_DATA, signature: bytes(1, 1024) },
        { userHandle: orNull(bytes(1, 64)) },
      ),
    options,
  );
