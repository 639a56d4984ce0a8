const realNow = Date.now;

/** The clock of this process, which can be put forward and is put right again at the end. */
export class Clock {
  private ahead = 0;

  forward(seconds: number): void {
    this.ahead += seconds * 1000;
    Date.now = () => realNow() + this.ahead;
  }

  restore(): void {
    Date.now = realNow;
  }
}
