import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AttemptsService } from '../attempts/attempts.service.js';
import { AuditService } from '../audit/audit.service.js';
import { inTransaction } from '../database/transaction.js';
import { invalidInput, Problem } from '../errors/problem.js';
import { PasskeysService } from '../passkeys/passkeys.service.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Device } from '../security/device.js';
import { PersonalData } from '../security/personal-data.js';
import type { Caller } from '../security/principal.js';
import { Revocations } from '../security/revocations.js';
import { UserChanges } from '../users/user-changes.js';
import { UsersService } from '../users/users.service.js';
import type { MfaMethod, MfaState, TotpSetup } from './mfa.dto.js';
import { attemptsOf } from './second-factors.service.js';
import { RecoveryCodesService } from './recovery-codes.service.js';
import { TotpService } from './totp.service.js';

const WRONG_CODE = invalidInput([
  { pointer: '/code', code: 'one_time_code', detail: 'Is not the code that the authenticator shows now.' },
]);

/** The second factors of a person. Every change is audited, told to its owner, and known to every instance within a second. */
@Injectable()
export class MfaService implements OnModuleInit {
  constructor(
    private readonly totp: TotpService,
    private readonly codes: RecoveryCodesService,
    private readonly passkeys: PasskeysService,
    private readonly attempts: AttemptsService,
    private readonly users: UsersService,
    private readonly changes: UserChanges,
    private readonly audit: AuditService,
    private readonly events: SecurityEventsService,
    private readonly revocations: Revocations,
    private readonly personalData: PersonalData,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.passkeys.accompany({
      created: (manager, userId) => this.codesWithFirstFactor(manager, userId),
      deleted: (manager, userId) => this.codesGoWithLastFactor(manager, userId),
    });
    this.changes.onReclaimed((manager, userId) => this.deleteAllOf(manager, userId));
    this.personalData.register('totp', { export: ({ subject }) => this.totp.copyOf(subject) });
    this.personalData.register('recoveryCodes', { export: ({ subject }) => this.codes.copyOf(subject) });
  }

  /** How the person may answer for a second factor; none where login asks for none. */
  async methodsOf(userId: string): Promise<MfaMethod[]> {
    const { methods } = await this.state(userId);
    return methods;
  }

  async isEnabled(userId: string): Promise<boolean> {
    return (await this.methodsOf(userId)).length > 0;
  }

  async state(userId: string, manager = this.dataSource.manager): Promise<MfaState> {
    const totp = await this.totp.findConfirmed(userId, manager);
    const recoveryCodesLeft = await this.codes.countOf(userId, manager);
    const methods: MfaMethod[] = [];
    if (totp) methods.push('totp');
    if ((await this.passkeys.countOf(userId, manager)) > 0) methods.push('passkey');
    const enabled = methods.length > 0;
    if (enabled && recoveryCodesLeft > 0) methods.push('recovery_code');
    return { enabled, methods, totpSince: totp?.confirmedAt ?? null, recoveryCodesLeft };
  }

  /** A secret to be confirmed within an hour. Throws 409 when one-time passwords are on. */
  async beginTotp(owner: Caller): Promise<TotpSetup> {
    const setup = await this.totp.begin(await this.users.getUser(owner.subject));
    // Loaded where it is used, as that of codes is: hardly anybody does that today.
    const { encodeQR } = await import('qr');
    // With the margin and the light ground that a camera needs, also on a dark page.
    const svg = encodeQR(setup.otpauthUrl, 'svg', { border: 4 }).replace(
      '<path',
      '<rect width="100%" height="100%" fill="#fff"/><path',
    );
    return { ...setup, qr: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}` };
  }

  /** Turns one-time passwords on, and gives ten new recovery codes. Throws 400 `validation_failed` for a wrong code. */
  confirmTotp(owner: Caller, code: string, device: Device): Promise<string[]> {
    return this.change(owner, async (manager) => {
      if (!(await this.totp.confirm(manager, owner.subject, code))) throw WRONG_CODE;
      await this.audit.record(manager, owner, 'totp.enabled', owner.subject);
      await this.events.record(manager, owner.subject, 'mfa.totp_enabled', device);
      return this.codes.replaceAll(manager, owner.subject);
    });
  }

  /** Turns one-time passwords off. Throws 404 when they are off. */
  async deleteTotp(owner: Caller, device: Device): Promise<void> {
    await this.change(owner, async (manager) => {
      if (!(await this.totp.delete(manager, owner.subject))) throw new Problem('not_found');
      await this.codesGoWithLastFactor(manager, owner.subject);
      await this.audit.record(manager, owner, 'totp.disabled', owner.subject);
      await this.events.record(manager, owner.subject, 'mfa.totp_disabled', device);
    });
  }

  /** Ten new recovery codes; the old ones end. Throws 409 when there is no second factor. */
  async renewCodes(owner: Caller, device: Device): Promise<string[]> {
    return this.change(owner, async (manager) => {
      const { enabled } = await this.state(owner.subject, manager);
      if (!enabled)
        throw new Problem('conflict', { detail: 'There is no second factor that they could stand in for.' });
      await this.audit.record(manager, owner, 'recovery_codes.created', owner.subject);
      await this.events.record(manager, owner.subject, 'mfa.recovery_codes_created', device);
      return this.codes.replaceAll(manager, owner.subject);
    });
  }

  /** Takes every second factor from somebody else who has lost them. Throws 404, and 409 for the caller, who would need none to lose their own. */
  async reset(caller: Caller, userId: string): Promise<void> {
    if (caller.subject === userId) throw new Problem('conflict', { detail: 'Remove your own factors one by one.' });
    await this.users.getUser(userId);
    await this.change({ ...caller, subject: userId }, async (manager) => {
      await this.deleteAllOf(manager, userId);
      await this.audit.record(manager, caller, 'user.mfa_reset', userId);
      await this.events.record(manager, userId, 'mfa.reset');
    });
  }

  private async deleteAllOf(manager: EntityManager, userId: string): Promise<void> {
    await this.totp.delete(manager, userId);
    await this.passkeys.deleteAllOf(manager, userId);
    await this.codes.deleteAllOf(manager, userId);
    await this.attempts.clear(manager, attemptsOf(userId));
  }

  /** Ten codes for who has had none to lose yet: a factor that is lost must not lock its owner out. */
  private async codesWithFirstFactor(manager: EntityManager, userId: string): Promise<string[] | undefined> {
    return (await this.codes.countOf(userId, manager)) === 0 ? this.codes.replaceAll(manager, userId) : undefined;
  }

  /** Thrown away by then, they would come to life again with the next factor. */
  private async codesGoWithLastFactor(manager: EntityManager, userId: string): Promise<void> {
    const { enabled } = await this.state(userId, manager);
    if (!enabled) await this.codes.deleteAllOf(manager, userId);
  }

  /** Locks the person's row, so that changes of factors come one after the other, and makes every instance forget what it knew. */
  private async change<T>(
    { subject }: Pick<Caller, 'subject'>,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    const result = await inTransaction(this.dataSource, async (manager) => {
      await manager.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [subject]);
      const changed = await work(manager);
      await this.revocations.record(manager, [subject]);
      return changed;
    });
    this.revocations.applied([subject]);
    return result;
  }
}
