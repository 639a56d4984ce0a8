import type { FastifyInstance } from 'fastify';

/** An answer that is JSON already: what the database keeps as JSON text need not be read to be sent. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** Sends a JsonText as it is, and everything else as `JSON.stringify()` writes it. */
export function registerJsonText(instance: FastifyInstance): void {
  instance.setReplySerializer((payload) => (payload instanceof JsonText ? payload.text : JSON.stringify(payload)));
}
