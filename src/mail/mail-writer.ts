import { Inject, Injectable } from '@nestjs/common';
import { mailConfig } from '../config/mail.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { MailQueue } from './mail-queue.js';
import type { BuiltMail } from './mail-transport.js';
import { Outbox, type Taken } from './outbox.service.js';

/** Makes a mail of what waits, when it is about to be sent. */
@Injectable()
export class MailWriter {
  constructor(
    private readonly outbox: Outbox,
    private readonly queue: MailQueue,
    @Inject(mailConfig.KEY) private readonly config: ConfigOf<typeof mailConfig>,
  ) {}

  /** Null when there is nobody to send it to, or who has had enough of these. */
  async write(taken: Taken): Promise<{ mail: BuiltMail; userId: string } | null> {
    const kind = this.outbox.kindOf(taken.kind);
    if (!kind) throw new Error(`nobody writes mails of the kind ${taken.kind}`);
    const letter = await kind.compose(taken);
    if (!letter) return null;
    const { userId, to, subject, text } = letter;
    // Nobody's mailbox is flooded by whoever knows the address.
    if ((await this.queue.sentLately(taken.kind, userId)) >= kind.mostAnHour) return null;
    // Loaded when there is a mail to write: an instance that sends none has it in no memory.
    const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
    const { from, returnPath, hostname } = this.config;
    const headers = { 'Auto-Submitted': 'auto-generated' };
    // The same of each attempt: a server may see that it has this one already.
    const messageId = `<${taken.id}@${hostname}>`;
    const raw = await new MailComposer({ from, to, subject, text, headers, messageId }).compile().build();
    return { userId, mail: { id: taken.id, returnPath, to, subject, text, raw } };
  }
}
