import { readCa } from './ca-file.js';
import { isLoopback } from './loopback.js';

/** A server that takes mail. TLS verifies it, from the first byte or by STARTTLS; plain only on this machine. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly ca: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

const FORM = 'must be a URL such as smtps://user:password@mail.example.com, or smtp:// for STARTTLS';
const IMPLICIT_PORT = 465;
const SUBMISSION_PORT = 587;

/** Parses `smtps://` (RFC 8314) or `smtp://`, which must offer STARTTLS unless it is on this machine. Throws RangeError without repeating the URL. */
export function smtpServer(text: string, password?: string, caFile?: string): SmtpServer {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const implicit = url?.protocol === 'smtps:';
  if (!url || !(implicit || url.protocol === 'smtp:')) throw new RangeError(FORM);
  if (!url.hostname || !['', '/'].includes(url.pathname) || url.search || url.hash) throw new RangeError(FORM);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || (implicit ? IMPLICIT_PORT : SUBMISSION_PORT)),
    tls: implicit ? 'implicit' : isLoopback(url.hostname) ? 'none' : 'starttls',
    ca: caFile ? readCa(caFile, 'SMTP_CA_FILE') : undefined,
    user: decoded(url.username),
    password: password ?? decoded(url.password),
  };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part) || undefined;
  } catch {
    throw new RangeError(FORM);
  }
}
