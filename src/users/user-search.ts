import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { inTransaction } from '../database/transaction.js';
import { foldText } from './fold-text.js';

/** As many users as one search sorts. More than that are no rare find, and a page of them is near in any order. */
const MOST = 1000;
/** So many parts of three characters tell one text from others. */
const MOST_GRAMS = 24;
const GRAM = 3;
/** SQLSTATE of a statement that took too long. */
const CANCELED = '57014';

/** Finds the few users whose e-mail address or username contains a text, however many there are. */
@Injectable()
export class UserSearch {
  /** What the index may take. It reads a list of users for each part of the text, and all may be long. */
  patienceMs = 100;

  constructor(private readonly dataSource: DataSource) {}

  /** The ids of all of them, in no order; null when they are too many, or too hard to tell from others, to be found like this. */
  async findFew(text: string): Promise<string[] | null> {
    const part = foldText(text);
    // Nothing but white space is in everybody's name.
    if (part === '') return null;
    try {
      return await inTransaction(this.dataSource, async (manager) => {
        // Statistics cannot tell what is rare from what is common, and the planner would read everybody, or call for help.
        await manager.query(
          `SET LOCAL enable_seqscan = off; SET LOCAL max_parallel_workers_per_gather = 0;
           SET LOCAL statement_timeout = ${this.patienceMs}`,
        );
        const found = await manager.query<{ id: string }[]>(
          `SELECT u.id FROM users u WHERE search_grams(email_key || ' ' || coalesce(username_key, '')) @@ $1::tsquery
           AND (strpos(u.email_key, $2) > 0 OR strpos(u.username_key, $2) > 0) LIMIT ${MOST + 1}`,
          [gramQuery(part), part],
        );
        return found.length > MOST ? null : found.map(({ id }) => id);
      });
    } catch (error) {
      if ((error as { driverError?: { code?: string } }).driverError?.code === CANCELED) return null;
      throw error;
    }
  }
}

/** What the grams of every text that contains this one match: all of its own, or one that begins with it. */
function gramQuery(part: string): string {
  const characters = [...part];
  const grams = characters.slice(0, 1 - GRAM).map((_, at) => characters.slice(at, at + GRAM).join(''));
  const lexemes = [...new Set(grams)].slice(0, MOST_GRAMS).map(quote);
  return lexemes.length > 0 ? lexemes.join(' & ') : `${quote(part)}:*`;
}

const quote = (lexeme: string): string => `'${lexeme.replace(/['\\]/g, '$&$&')}'`;
