import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MailQueue } from './mail-queue.js';
import { MailWorker } from './mail-worker.js';
import { MailWriter } from './mail-writer.js';
import { MailboxController } from './mailbox.controller.js';
import { OutgoingMail } from './outgoing-mail.entity.js';
import { Outbox } from './outbox.service.js';

/** Mail to people. Features put into the outbox; what brings it away is here alone. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([OutgoingMail])],
  controllers: [MailboxController],
  providers: [Outbox, MailQueue, MailWriter, MailWorker],
  exports: [Outbox],
})
export class MailModule {}
