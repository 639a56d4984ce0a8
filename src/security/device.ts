import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { networkOf } from '../config/address.js';

const MAX_AGENT = 200;

/** Where somebody does something from, as far as it is kept. */
export interface Device {
  readonly userAgent: string | null;
  readonly network: string;
  /** What they come in with: a program that keeps tokens, or a browser that keeps a cookie. */
  readonly keeps: 'tokens' | 'cookie';
}

/** Where a request comes from. */
export function deviceOf({ headers, ip }: FastifyRequest, keeps: Device['keeps']): Device {
  // Header bytes are latin1; what is not printable would only confuse whoever reads the list.
  const userAgent = headers['user-agent']?.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_AGENT) || null;
  return { userAgent, network: networkOf(ip), keeps };
}

/** Where this request to the API comes from. */
export const CurrentDevice = createParamDecorator((_: unknown, context: ExecutionContext): Device => {
  const [request] = context.getArgs<[FastifyRequest]>();
  return deviceOf(request, 'tokens');
});
