import { Injectable } from '@nestjs/common';

/** Milliseconds of one round of the event loop in which nothing happened. */
const QUIET_MS = 0.3;
const MOST_ROUNDS = 500;

/**
 * Resolves right after the event loop has gone round with nothing to do: whoever the kernel had connected has been let in. For
 * the closing of a port, at which the kernel resets who still waits there, with the request that was sent in good faith.
 */
export async function quietMoment(): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const begun = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    if (round > 0 && performance.now() - begun < QUIET_MS) return;
  }
}

/** Whether the process is on its way out: it answers what comes, asks for no more, and is not ready. */
@Injectable()
export class Drain {
  private begun = false;

  get hasBegun(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
  }
}
