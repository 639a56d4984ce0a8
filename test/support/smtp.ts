import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail as a server got it. */
export interface ReceivedMail {
  readonly to: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

type Reply = (error?: Error | null) => void;

/** What it does with a mail it has read to the end: it takes it, unless a test says otherwise. */
export type Judge = (mail: ReceivedMail, reply: Reply, hangUp: () => void) => void;

/** A real mail server on loopback. */
export class TestSmtp extends EventEmitter {
  readonly mails: ReceivedMail[] = [];
  /** What it says to a recipient; null takes it. */
  recipient: (address: string) => { code: number } | null = () => null;
  judge: Judge = (_mail, reply) => reply();
  private server: SMTPServer | undefined;
  private port = 0;
  private readonly sockets = new Map<number, Socket>();

  private constructor(private readonly options: SMTPServerOptions) {
    super();
    this.setMaxListeners(0);
  }

  static async start(options: SMTPServerOptions = {}): Promise<TestSmtp> {
    const smtp = new TestSmtp(options);
    await smtp.listen();
    return smtp;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** On the port it had before, if any. */
  async listen(): Promise<void> {
    const server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      logger: false,
      closeTimeout: 100,
      onRcptTo: ({ address }, _session, done) => {
        const refusal = this.recipient(address);
        done(refusal && Object.assign(new Error('not here'), { responseCode: refusal.code }));
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const mail = read(Buffer.concat(chunks).toString('latin1'), session.envelope.rcptTo[0]?.address ?? '');
          const reply: Reply = (error) => {
            if (!error) this.mails.push(mail);
            done(error);
            this.emit('mail');
          };
          this.emit('read', mail);
          this.judge(mail, reply, () => this.sockets.get(session.remotePort)?.destroy());
        });
      },
      ...this.options,
    });
    server.on('error', () => undefined);
    server.server.on('connection', (socket: Socket) => this.sockets.set(socket.remotePort ?? 0, socket));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.server.address() as { port: number }).port;
  }

  /** The mails to an address, once there are so many. */
  async mailsTo(address: string, count = 1): Promise<ReceivedMail[]> {
    for (;;) {
      const found = this.mails.filter(({ to }) => to === address);
      if (found.length >= count) return found;
      await once(this, 'mail');
    }
  }

  /** The latest mail to an address. */
  async mailTo(address: string, count = 1): Promise<ReceivedMail> {
    return (await this.mailsTo(address, count)).at(-1) as ReceivedMail;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

function read(raw: string, to: string): ReceivedMail {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':', 1)[0]?.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = raw.slice(end + 4);
  const quoted = headers['content-transfer-encoding'] === 'quoted-printable';
  const bytes = quoted
    ? body
        .replace(/=\r\n/g, '')
        .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : body;
  return { to, headers, text: Buffer.from(bytes, 'latin1').toString() };
}

/** The secret of the link in a mail. */
export const tokenIn = ({ text }: ReceivedMail): string => /#token=([\w-]{43})\s/.exec(`${text} `)?.[1] ?? '';
