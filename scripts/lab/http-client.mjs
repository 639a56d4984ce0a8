// @ts-check
import http from 'node:http';
import https from 'node:https';

const TIMEOUT_MS = 15_000;

/**
 * @typedef {{ ca?: Buffer | string, sockets?: number }} ClientOptions ca: of a server that speaks TLS
 * @typedef {{ token?: string, key?: string, json?: unknown, headers?: Record<string, string> }} Call
 * @typedef {{ status: number, headers: http.IncomingHttpHeaders, body: any }} Answer
 */

/** One server of this machine, over connections that are kept. */
export class HttpClient {
  #port;
  #ca;
  #agent;

  /**
   * @param {number} port
   * @param {ClientOptions} [options]
   */
  constructor(port, { ca, sockets = 64 } = {}) {
    this.#port = port;
    this.#ca = ca;
    this.#agent = ca
      ? new https.Agent({ keepAlive: true, maxSockets: sockets, ca, servername: 'localhost' })
      : new http.Agent({ keepAlive: true, maxSockets: sockets });
  }

  /**
   * Rejects when there is no answer, or not all of one.
   * @param {string} method
   * @param {string} path
   * @param {Call} [call]
   * @returns {Promise<Answer>}
   */
  call(method, path, { token, key, json, headers = {} } = {}) {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const all = {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(key ? { 'x-api-key': key } : {}),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    };
    return new Promise((done, fail) => {
      const options = { host: '127.0.0.1', port: this.#port, method, path, headers: all, timeout: TIMEOUT_MS };
      const agent = this.#agent;
      const request = this.#ca ? https.request({ ...options, agent }) : http.request({ ...options, agent });
      request.on('timeout', () =>
        request.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })),
      );
      request.on('error', fail);
      request.on('response', (response) => {
        /** @type {Buffer[]} */
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = /[/+]json/.test(response.headers['content-type'] ?? '');
          done({ status: response.statusCode ?? 0, headers: response.headers, body: isJson ? JSON.parse(text) : text });
        });
      });
      request.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}
