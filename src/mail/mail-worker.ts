import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { mailConfig } from '../config/mail.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { FolderTransport } from './folder-transport.js';
import { MailError, type MailLink, type MailTransport } from './mail-transport.js';
import { MailQueue } from './mail-queue.js';
import { MailWriter } from './mail-writer.js';
import { Outbox, type Taken } from './outbox.service.js';
import { SmtpTransport } from './smtp-transport.js';

/** How often is looked for what another instance put, what failed before, and what was not committed yet when it was put. */
const LOOK_MS = 5_000;
/** After a mail was put: its transaction is about to end. */
const SOON_MS = [30, 300];
const SENDERS = 3;
/** Between two attempts to reach a server that is not there. */
const PAUSES_MS = [1_000, 2_000, 5_000, 15_000, 30_000];

/**
 * Sends what is in the outbox, a few at a time in each instance. No request waits for it; a server that is slow, full or gone keeps
 * mails waiting and nothing else.
 */
@Injectable()
export class MailWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(MailWorker.name);
  private readonly transport: MailTransport | undefined;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly links = new Set<MailLink>();
  private look: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private failures = 0;
  private pausedUntil = 0;
  private stopped = false;

  constructor(
    private readonly outbox: Outbox,
    private readonly queue: MailQueue,
    private readonly writer: MailWriter,
    @Inject(mailConfig.KEY) { smtp, folder, hostname }: ConfigOf<typeof mailConfig>,
  ) {
    this.transport = smtp ? new SmtpTransport(smtp, hostname) : folder ? new FolderTransport(folder) : undefined;
  }

  onApplicationBootstrap(): void {
    if (!this.transport) return this.logger.warn('mail waits in the database: SMTP_URL names no server');
    this.look = setInterval(() => void this.run(), LOOK_MS).unref();
    this.outbox.onPut(() => SOON_MS.forEach((delay) => this.runIn(delay)));
    this.runIn(0);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.look);
    for (const timer of this.timers) clearTimeout(timer);
    // What is under way is sent again by whoever comes next, and may arrive twice.
    for (const link of this.links) link.abort();
    await this.running;
  }

  /** Sends everything that is due. Never rejects. */
  run(): Promise<void> {
    if (performance.now() < this.pausedUntil) return Promise.resolve();
    this.running ??= Promise.all(Array.from({ length: SENDERS }, () => this.drain()))
      .then(() => undefined)
      .finally(() => (this.running = undefined));
    return this.running;
  }

  private runIn(delay: number): void {
    if (this.timers.size > SOON_MS.length * 2) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.run();
    }, delay).unref();
    this.timers.add(timer);
  }

  private async drain(): Promise<void> {
    try {
      // Looked for first: there is no need to reach the server for nothing, nor to take a mail for a server that is not there.
      while (!this.stopped && (await this.queue.hasDue())) {
        const link = await this.open();
        if (!link) return;
        try {
          await this.sendThrough(link);
        } finally {
          this.links.delete(link);
          link.close();
        }
      }
    } catch (error) {
      // The database is away. Whatever was taken comes back.
      this.logger.warn(`mail waits: ${(error as Error).message}`);
    }
  }

  /** Undefined when nobody is there, said once until somebody is. */
  private async open(): Promise<MailLink | undefined> {
    try {
      const link = await this.transport?.open();
      if (this.failures > 0) this.logger.log('the mail server answers again');
      this.failures = 0;
      if (link) this.links.add(link);
      return link;
    } catch (error) {
      if (this.failures === 0) this.logger.warn(`the mail server cannot be reached, mail waits: ${reasonOf(error)}`);
      const pause = PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)] ?? 0;
      this.failures += 1;
      this.pausedUntil = performance.now() + pause;
      this.runIn(pause + 1);
      return undefined;
    }
  }

  /** One after the other, until nothing is due or one was not taken: after that the conversation is not to be trusted. */
  private async sendThrough(link: MailLink): Promise<void> {
    for (;;) {
      const mail = this.stopped ? null : await this.queue.take();
      if (!mail) return;
      try {
        const written = await this.writer.write(mail);
        if (written) await link.send(written.mail);
        await this.queue.done(mail, written?.userId ?? null);
      } catch (error) {
        return this.fail(mail, error);
      }
    }
  }

  private async fail(mail: Taken, error: unknown): Promise<void> {
    const outcome = error instanceof MailError ? error.outcome : 'later';
    this.logger.warn(
      `mail ${mail.id} of the kind ${mail.kind}: ${outcome}, attempt ${mail.attempts}: ${reasonOf(error)}`,
    );
    if (outcome === 'refused') await this.queue.giveUp(mail);
    else await this.queue.putBack(mail, outcome === 'unknown');
  }
}

/** A code and nothing else: what a server says may name the address, and what it was sent. */
function reasonOf(error: unknown): string {
  const { cause, code, responseCode } = error as { cause?: unknown; code?: string; responseCode?: number };
  if (error instanceof MailError) return reasonOf(cause);
  return [responseCode, code].filter(Boolean).join(' ') || (error instanceof Error ? error.name : 'unknown');
}
