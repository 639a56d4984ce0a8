import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from './problem.js';

/** What must happen before a refusal is sent, wherever it came from. `security/` provides it: a refusal is counted too. */
export abstract class RefusalStep {
  /** The problem to send in the end: the given one, or another that stands in for it. Never throws. */
  abstract settle(request: FastifyRequest, reply: FastifyReply, problem: Problem): Problem | Promise<Problem>;
}
