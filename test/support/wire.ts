import { connect, type Socket } from 'node:net';

/** An answer as it came, for tests that send many: its head is text of Latin-1, one character a byte. */
export interface WireAnswer {
  readonly status: number;
  readonly head: string;
  readonly text: string;
}

interface Waiting {
  readonly hasBody: boolean;
  readonly resolve: (answer: WireAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** One connection, kept alive, that sends one request after another as it is written: no client refuses it or tidies it up. */
export class Wire {
  private socket: Socket | undefined;
  private received: Buffer = Buffer.alloc(0);
  private waiting: Waiting | undefined;

  constructor(private readonly url: URL) {}

  /** `lines` are the head without line ends; text becomes UTF-8. `Host` and `Content-Length` are added. */
  send(lines: readonly string[], body: Buffer | undefined): Promise<WireAnswer> {
    const length = body === undefined ? [] : [`content-length: ${body.length}`];
    const head = [lines[0], `host: ${this.url.host}`, ...lines.slice(1), ...length, '', ''].join('\r\n');
    return new Promise((resolve, reject) => {
      this.waiting = { hasBody: !head.startsWith('HEAD '), resolve, reject };
      this.socket ??= this.open();
      this.socket.write(Buffer.concat([Buffer.from(head), body ?? Buffer.alloc(0)]));
    });
  }

  close(): void {
    this.socket?.destroy();
  }

  private open(): Socket {
    const socket = connect({ host: this.url.hostname, port: Number(this.url.port), noDelay: true });
    this.received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
      this.settle();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (socket !== this.socket) return;
      this.socket = undefined;
      this.waiting?.reject(new Error(`closed after ${this.received.toString('latin1').slice(0, 500)}`));
    });
    return socket;
  }

  private settle(): void {
    const { received, waiting } = this;
    const end = received.indexOf('\r\n\r\n');
    if (!waiting || end < 0) return;
    const head = received.toString('latin1', 0, end);
    const status = Number(head.slice(9, 12));
    const last = waiting.hasBody && status !== 204 && status !== 304 ? endOfBody(head, received, end + 4) : end + 4;
    if (last === null || received.length < last) return;
    this.waiting = undefined;
    this.received = received.subarray(last);
    if (/^connection: close/im.test(head)) {
      this.socket?.destroy();
      this.socket = undefined;
    }
    waiting.resolve({ status, head, text: received.toString('utf8', end + 4, last) });
  }
}

function endOfBody(head: string, received: Buffer, start: number): number | null {
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (length !== undefined) return start + Number(length);
  const end = received.indexOf('0\r\n\r\n', start);
  return end < 0 ? null : end + 5;
}
