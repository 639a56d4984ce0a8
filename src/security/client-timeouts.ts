/** From the start of a connection to its first byte, which may be a spare one of a browser. */
export const FIRST_BYTE_MS = 3_000;
/** A handshake of TLS; Node waits two minutes. */
export const HANDSHAKE_MS = 3_000;
/** How often Node looks for connections that are past their time; the others are late by as much. */
const CHECK_MS = 1_000;

/**
 * How long a client may hold a connection (ASVS 13.1.3, OWASP API4:2023), in milliseconds: whoever sends slowly, sends nothing
 * or does not read is gone within 15 seconds, also when every step of the way to a first request takes all of its time. Fastify's
 * own values wait for ever.
 */
export const clientTimeouts = (keepAliveSeconds: number) => ({
  /** A whole request, body included: at 100 kB the limit of a line of 100 kbit/s. */
  requestTimeout: 8_000,
  /** No byte in either direction, also while an answer waits for a client that does not read it. */
  connectionTimeout: 10_000,
  /** Between two requests. A proxy in front must close its idle connections before. */
  keepAliveTimeout: keepAliveSeconds * 1000,
  http: { headersTimeout: 6_000, connectionsCheckingInterval: CHECK_MS },
});
