/** The hidden field by which a form shows that it came from our own page. */
export interface Csrf {
  readonly name: string;
  readonly value: string;
}

/** Who asked for the sign-in, as far as people are told. The name was chosen by whoever registered it. */
export interface ClientName {
  readonly name: string;
}

/** Where a passkey is asked for: with these options, or with those that a POST to this address gives. */
export interface PasskeyAsk {
  readonly action: string;
  readonly options?: object;
  readonly optionsUrl?: string;
}

/** What nearly every form has. */
export interface FormModel {
  readonly action: string;
  readonly csrf: Csrf;
  /** One sentence, for people. */
  readonly error?: string;
}
