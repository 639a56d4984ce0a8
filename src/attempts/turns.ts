interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/** Lets so many at once do something about one key, in this process; the others wait, the first first. */
export class Turns {
  private readonly lines = new Map<string, Line>();

  async take<T>(key: string, most: number, work: () => Promise<T>): Promise<T> {
    const line = this.lines.get(key) ?? { running: 0, waiting: [] };
    this.lines.set(key, line);
    if (line.running < most) line.running += 1;
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      if (next) next();
      else if ((line.running -= 1) === 0) this.lines.delete(key);
    }
  }
}
