import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, type JWTPayload, jwtVerify } from 'jose';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { DPOP_ALGORITHMS, Problem } from '../errors/problem.js';
import { RepeatedFields } from './repeated-fields.js';
import { isSame } from './same-text.js';
import { UsedProofs } from './used-proofs.js';

const PROOF = new RepeatedFields('dpop');
const LONGEST_PROOF = 4_096;
const LONGEST_ID = 256;
/** How far the clock of a client may be off, either way, in seconds. */
const WINDOW = 60;

/**
 * Does the sender have the key that the token is bound to? Each proof is for one request to one address with one token, is fresh,
 * and counts once over all instances (RFC 9449 section 4.3).
 */
@Injectable()
export class DpopProofs {
  private readonly publicUrl: string;

  constructor(
    private readonly used: UsedProofs,
    @Inject(authConfig.KEY) { publicUrl }: ConfigOf<typeof authConfig>,
  ) {
    this.publicUrl = publicUrl;
  }

  /** Throws 401 `dpop_proof_invalid`. */
  async require(request: FastifyRequest, token: string, thumbprint: string): Promise<void> {
    const { dpop: proof } = request.headers;
    if (typeof proof !== 'string' || proof.length > LONGEST_PROOF || PROOF.isIn(request.raw.rawHeaders))
      throw invalid();
    const { payload, jwk } = await verified(proof);
    if (!isSame(await calculateJwkThumbprint(jwk), thumbprint)) throw invalid();
    if (!isFresh(payload) || !this.isFor(payload, request) || !isOf(payload, token)) throw invalid();
    const { jti } = payload;
    if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_ID) throw invalid();
    // Last: a proof that is wrong uses nothing up.
    if (!(await this.used.take(thumbprint, jti, 2 * WINDOW))) throw invalid();
  }

  /** The method and the public address, without query and fragment (section 4.3, 9 and 10). */
  private isFor({ htm, htu }: JWTPayload, { method, raw }: FastifyRequest): boolean {
    const said = typeof htu === 'string' ? URL.parse(htu) : null;
    const path = (raw.url ?? '').split('?', 1)[0] ?? '';
    const here = URL.parse(this.publicUrl + path);
    return (
      htm === method && said !== null && here !== null && said.origin + said.pathname === here.origin + here.pathname
    );
  }
}

async function verified(proof: string): Promise<{ payload: JWTPayload; jwk: JWK }> {
  try {
    const options = { algorithms: [...DPOP_ALGORITHMS], typ: 'dpop+jwt' };
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, options);
    return { payload, jwk: protectedHeader.jwk as JWK };
  } catch {
    throw invalid();
  }
}

function isFresh({ iat }: JWTPayload): boolean {
  return Number.isSafeInteger(iat) && Math.abs(Date.now() / 1000 - Number(iat)) <= WINDOW;
}

function isOf({ ath }: JWTPayload, token: string): boolean {
  return typeof ath === 'string' && isSame(ath, createHash('sha256').update(token).digest('base64url'));
}

const invalid = (): Problem => new Problem('dpop_proof_invalid');
