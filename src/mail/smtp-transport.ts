import { Readable } from 'node:stream';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { SmtpServer } from '../config/smtp.js';
import { type BuiltMail, MailError, type MailLink, type MailTransport } from './mail-transport.js';

const CONNECT_MS = 5_000;
const SILENCE_MS = 10_000;
/** For one mail, whatever the server does in between. */
const WHOLE_MS = 30_000;

/** Sends by SMTP (RFC 5321), through nodemailer's own connection: it alone shows whether a mail was under way when something failed. */
export class SmtpTransport implements MailTransport {
  constructor(
    private readonly server: SmtpServer,
    private readonly name: string,
  ) {}

  async open(): Promise<MailLink> {
    const { host, port, tls, ca, user, password } = this.server;
    const { default: Connection } = await import('nodemailer/lib/smtp-connection');
    const connection = new Connection({
      host,
      port,
      name: this.name,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      tls: { ca, minVersion: 'TLSv1.2' },
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
    });
    try {
      await settled(connection, (done) => connection.connect(done));
      if (user) await settled(connection, (done) => connection.login({ user, pass: password ?? '' }, done));
    } catch (error) {
      connection.close();
      throw error;
    }
    // Between two mails nobody waits for it, and an error that nobody hears would end the process.
    connection.on('error', () => undefined);
    return {
      send: (mail) => sendThrough(connection, mail),
      close: () => connection.quit(),
      abort: () => connection.close(),
    };
  }
}

async function sendThrough(connection: SMTPConnection, { returnPath, to, raw }: BuiltMail): Promise<void> {
  let begun = false;
  // Read when the server has said that it takes the text, and not before.
  const text = Readable.from(
    (function* () {
      begun = true;
      yield raw;
    })(),
  );
  try {
    await settled(connection, (done) => connection.send({ from: returnPath, to: [to] }, text, done));
  } catch (error) {
    const { responseCode = 0 } = error as { responseCode?: number };
    if (responseCode >= 500) throw new MailError('refused', { cause: error });
    throw new MailError(begun && responseCode === 0 ? 'unknown' : 'later', { cause: error });
  }
}

/** A step of the connection, which tells of some failures by an event alone, and may be kept waiting byte by byte. */
function settled(connection: SMTPConnection, step: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => finish(error);
    const closed = () => finish(new Error('the mail server hung up'));
    const timer = setTimeout(() => {
      finish(new Error('the mail server takes too long'));
      connection.close();
    }, WHOLE_MS);
    function finish(error?: Error | null): void {
      clearTimeout(timer);
      connection.off('error', fail).off('end', closed);
      if (error) reject(error);
      else resolve();
    }
    connection.on('error', fail).on('end', closed);
    step(finish);
  });
}
