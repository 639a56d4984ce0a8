// @ts-check
import { connect } from 'node:net';
import { createHistogram } from 'node:perf_hooks';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;

/**
 * What the connections of a load send. `next` is asked for a request each time the one before it was answered.
 * @typedef {object} Traffic
 * @property {number} status what every answer must have
 * @property {(slot: number) => Buffer} next
 * @property {(slot: number, body: Buffer) => void} [answered]
 *
 * @typedef {{ requests: number, seconds: number, latency: import('node:perf_hooks').RecordableHistogram }} Passage
 */

/**
 * A closed loop over kept connections of plain HTTP/1.1: each sends its next request when it has the answer. Written for little CPU
 * of its own: it shares a core with the database. Rejects at the first answer that is not what the traffic expects.
 */
export class Load {
  #port;
  #traffic;
  /** @type {import('node:net').Socket[]} */
  #sockets = [];
  #until = 0;
  #requests = 0;
  #latency = createHistogram();
  #idle = 0;
  /** @type {(error?: Error) => void} */
  #settle = () => undefined;

  #running = false;

  /**
   * @param {number} port of 127.0.0.1
   * @param {Traffic} traffic
   * @param {number} connections
   */
  constructor(port, traffic, connections) {
    this.#port = port;
    this.#traffic = traffic;
    this.#connections = connections;
  }

  #connections;

  /** A server lets nobody in who says nothing, and keeps nobody who has said nothing for long. */
  async #open() {
    const slots = Array.from({ length: this.#connections }, (_, slot) => slot);
    await Promise.all(slots.filter((slot) => !this.#sockets[slot]?.writable).map((slot) => this.#connect(slot)));
  }

  /**
   * Sends for so long, or so many requests.
   * @param {number} ms
   * @param {number} [most]
   * @returns {Promise<Passage>}
   */
  async run(ms, most = Number.POSITIVE_INFINITY) {
    await this.#open();
    const begun = performance.now();
    this.#until = begun + ms;
    this.#most = most;
    this.#requests = 0;
    this.#latency = createHistogram();
    this.#idle = 0;
    this.#running = true;
    try {
      await new Promise((done, fail) => {
        this.#settle = (error) => (error ? fail(error) : done(undefined));
        for (const socket of this.#sockets) socket.emit('next');
      });
    } finally {
      this.#running = false;
    }
    return { requests: this.#requests, seconds: (performance.now() - begun) / 1000, latency: this.#latency };
  }

  #most = Number.POSITIVE_INFINITY;

  close() {
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * @param {number} slot
   * @returns {Promise<void>}
   */
  #connect(slot) {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#sockets[slot] = socket;
    let sent = 0n;
    let rest = Buffer.alloc(0);
    const next = () => {
      if (performance.now() >= this.#until || this.#requests >= this.#most) {
        this.#idle += 1;
        if (this.#idle === this.#sockets.length) this.#settle();
        return;
      }
      sent = process.hrtime.bigint();
      socket.write(this.#traffic.next(slot));
    };
    socket.on('next', next);
    socket.on('data', (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const answer = answerIn(rest);
      if (!answer) return;
      rest = rest.subarray(answer.end);
      this.#latency.record(process.hrtime.bigint() - sent);
      this.#requests += 1;
      if (answer.status !== this.#traffic.status) return this.#settle(unexpected(answer, this.#traffic));
      this.#traffic.answered?.(slot, answer.body);
      next();
    });
    socket.on('close', () => this.#running && this.#settle(new Error('the server closed a connection')));
    socket.on('error', () => undefined);
    return new Promise((done, fail) => {
      socket.once('connect', () => done());
      socket.once('error', fail);
    });
  }
}

/**
 * The answer that begins these bytes, when all of it is there. Content-Length alone: no server here sends chunks.
 * @param {Buffer} bytes
 */
function answerIn(bytes) {
  const head = bytes.indexOf(HEAD_END);
  if (head < 0) return null;
  const text = bytes.toString('latin1', 0, head);
  const status = Number(text.slice(9, 12));
  const start = head + HEAD_END.length;
  const end = status === 304 || status === 204 ? start : start + Number(LENGTH.exec(text)?.[1] ?? 0);
  return bytes.length < end ? null : { status, body: bytes.subarray(start, end), end };
}

/**
 * @param {{ status: number, body: Buffer }} answer
 * @param {Traffic} traffic
 */
const unexpected = ({ status, body }, traffic) =>
  new Error(`answered ${status}, not ${traffic.status}: ${body.toString().slice(0, 300)}`);
