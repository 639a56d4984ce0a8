/** Finds header fields that stand more than once: Node keeps one of some and joins others, only its raw list shows them. */
export class RepeatedFields {
  private readonly names: readonly string[];
  private readonly lengths: ReadonlySet<number>;

  /** In lower case. */
  constructor(...names: readonly string[]) {
    this.names = names;
    this.lengths = new Set(names.map(({ length }) => length));
  }

  /** Whether one of the names is there twice, in a list of names and values in turn. */
  isIn(rawHeaders: readonly string[]): boolean {
    let seen = 0;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      // Most names are of no interest, and their length says so without a copy in lower case.
      if (!this.lengths.has(name.length)) continue;
      const place = this.names.indexOf(name.toLowerCase());
      if (place < 0) continue;
      if (seen & (1 << place)) return true;
      seen |= 1 << place;
    }
    return false;
  }
}
