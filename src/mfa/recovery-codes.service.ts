import { createHash, randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { RecoveryCode } from './recovery-code.entity.js';

const CODES = 10;
const GROUPS = 6;
const GROUP = 4;
/** Base 32 of Crockford: no letter that looks like a digit, none that makes words. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Ten codes, each good once. With 120 random bits a hash that is fast protects them as well as a slow one would (ASVS 6.5.2). */
@Injectable()
export class RecoveryCodesService {
  constructor(@InjectRepository(RecoveryCode) private readonly codes: Repository<RecoveryCode>) {}

  /** Makes ten new ones in place of those there are; this is the only time that they are known. */
  async replaceAll(manager: EntityManager, userId: string): Promise<string[]> {
    const texts = Array.from({ length: CODES }, newCode);
    await manager.delete(RecoveryCode, { userId });
    await manager.insert(
      RecoveryCode,
      texts.map((text) => ({ hash: hashOf(userId, text), userId })),
    );
    return texts;
  }

  /** Uses a code up, however it is written; of parallel uses one wins. */
  async use(manager: EntityManager, userId: string, text: string): Promise<boolean> {
    const { affected } = await manager.delete(RecoveryCode, { hash: hashOf(userId, text), userId });
    return affected === 1;
  }

  countOf(userId: string, manager: EntityManager): Promise<number> {
    return manager.countBy(RecoveryCode, { userId });
  }

  async deleteAllOf(manager: EntityManager, userId: string): Promise<void> {
    await manager.delete(RecoveryCode, { userId });
  }

  /** When those that are left were made. */
  copyOf(userId: string): Promise<object[]> {
    return this.codes.find({ where: { userId }, select: { createdAt: true } });
  }
}

const randomGroup = () => Array.from({ length: GROUP }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
const newCode = () => Array.from({ length: GROUPS }, randomGroup).join('-');

/** As somebody reads it from paper: in any case, with or without what is between the groups, letters for the digits they look like. */
function hashOf(userId: string, text: string): Buffer {
  const code = text.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1').replace(/[\s-]/g, '');
  return createHash('sha256').update(`${userId} ${code}`).digest();
}
