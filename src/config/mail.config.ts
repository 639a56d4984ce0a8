import { namespace } from './namespace.js';
import { publicUrlOf } from './public-url.js';
import { smtpServer } from './smtp.js';

/** Where mail goes: to a server, into a folder of one's own machine, or nowhere yet, and then it waits. */
export const mailConfig = namespace('mail', (env) => {
  const publicUrl = publicUrlOf(env);
  const { hostname } = new URL(publicUrl);
  const from = env.MAIL_FROM ?? `no-reply@${hostname}`;
  return {
    publicUrl,
    hostname,
    secretKey: env.SECRET_KEY ?? '',
    from,
    /** The address in it, to which a server returns what it cannot deliver. */
    returnPath: /<(.*)>$/.exec(from)?.[1] ?? from,
    smtp: env.SMTP_URL ? smtpServer(env.SMTP_URL, env.SMTP_PASSWORD, env.SMTP_CA_FILE) : undefined,
    /** Never in production: what lies in it lets whoever reads it into accounts. */
    folder: env.SMTP_URL ? undefined : env.MAIL_DIR,
  };
});
