import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltMail, MailLink, MailTransport } from './mail-transport.js';

/** What the mailbox shows of a mail. */
export interface StoredMail {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** RFC 3339. */
  readonly at: string;
}

/** Writes each mail into a folder, for whoever develops: as one that every mail program opens, and as JSON for the page. */
export class FolderTransport implements MailTransport {
  constructor(private readonly folder: string) {}

  async open(): Promise<MailLink> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    return { send: (mail) => this.write(mail), close: () => undefined, abort: () => undefined };
  }

  /** Named by an id that begins with the time: a mail that is written again is the same file. */
  private async write({ id, to, subject, text, raw }: BuiltMail): Promise<void> {
    const stored: StoredMail = { id, to, subject, text, at: new Date().toISOString() };
    await this.put(`${id}.eml`, raw);
    await this.put(`${id}.json`, JSON.stringify(stored));
  }

  /** Under its name when it is whole: the page may be asked for at any moment. */
  private async put(name: string, content: Buffer | string): Promise<void> {
    const path = join(this.folder, name);
    await writeFile(`${path}.new`, content, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}

/** The newest mails of such a folder, the newest first; none where there is no folder yet. */
export async function storedMails(folder: string, most: number): Promise<StoredMail[]> {
  const names = await readdir(folder).catch(() => []);
  const newest = names
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .toReversed()
    .slice(0, most);
  return Promise.all(newest.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as StoredMail));
}
