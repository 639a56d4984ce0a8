import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { networkOf } from '../config/address.js';
import type { Device } from './sessions.service.js';

const MAX_AGENT = 200;

/** Where this request comes from, as far as a session keeps it. */
export const CurrentDevice = createParamDecorator((_: unknown, context: ExecutionContext): Device => {
  const [{ headers, ip }] = context.getArgs<[FastifyRequest]>();
  // Header bytes are latin1; what is not printable would only confuse whoever reads the list.
  const userAgent = headers['user-agent']?.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_AGENT) || null;
  return { userAgent, network: networkOf(ip) };
});
