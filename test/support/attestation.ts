import { type KeyObject, sign } from 'node:crypto';
import { generate } from 'selfsigned';

/** A statement over these bytes, made with the key that is attested: `fmt` and `attStmt` of section 6.5.4, in CBOR. */
export type Statement = (signed: Buffer, key: KeyObject) => Buffer;

const text = (value: string): Buffer => Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)]);
const bytes = (value: Buffer): Buffer => Buffer.concat([Buffer.from([0x59, value.length >> 8, value.length]), value]);
const statement = (format: string, members: readonly (readonly [string, Buffer])[]): Buffer => {
  const map = [Buffer.from([0xa0 + members.length]), ...members.flatMap(([name, value]) => [text(name), value])];
  return Buffer.concat([text('fmt'), text(format), text('attStmt'), ...map]);
};

const ES256 = ['alg', Buffer.from([0x26])] as const;
const signature = (signed: Buffer, key: KeyObject | string) => ['sig', bytes(sign('sha256', signed, key))] as const;

/** No statement, in this format. */
export const empty =
  (format: string): Statement =>
  () =>
    statement(format, []);

/** Section 8.2: signed with the key itself. */
export const selfSigned: Statement = (signed, key) => statement('packed', [ES256, signature(signed, key)]);

/** Section 8.2: signed with the key of a certificate, which is as section 8.2.1 asks for. */
export async function certified(): Promise<Statement> {
  const subject = { C: 'SE', O: 'Maker', OU: 'Authenticator Attestation', CN: 'Device' };
  const { cert, private: key } = await generate(
    Object.entries(subject).map(([shortName, value]) => ({ shortName, value })),
    { keyType: 'ec', curve: 'P-256', algorithm: 'sha256', extensions: [{ name: 'basicConstraints', cA: false }] },
  );
  const der = Buffer.from(cert.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  const chain = ['x5c', Buffer.concat([Buffer.from([0x81]), bytes(der)])] as const;
  return (signed) => statement('packed', [ES256, signature(signed, key), chain]);
}
