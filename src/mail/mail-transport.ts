/** A mail as it leaves. */
export interface BuiltMail {
  readonly id: string;
  readonly returnPath: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** All of it, in the form of RFC 5322. */
  readonly raw: Buffer;
}

/** `refused`: this mail will never be taken. `later`: it was not taken now. `unknown`: nobody knows whether it was taken. */
export class MailError extends Error {
  constructor(
    readonly outcome: 'refused' | 'later' | 'unknown',
    options: { cause: unknown },
  ) {
    super(`a mail was not delivered: ${outcome}`, options);
  }
}

/** An open way out, for one mail after the other. */
export interface MailLink {
  /** Resolves when it is somebody else's to deliver; throws MailError. */
  send(mail: BuiltMail): Promise<void>;
  /** When there is nothing more to send. */
  close(): void;
  /** At once, whatever is under way. */
  abort(): void;
}

/** Where mail goes. */
export interface MailTransport {
  /** Throws when nobody is there. */
  open(): Promise<MailLink>;
}
