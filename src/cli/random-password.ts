import { randomBytes } from 'node:crypto';

/** A password nobody has to invent: 120 random bits. */
export const randomPassword = (): string => randomBytes(15).toString('base64url');
