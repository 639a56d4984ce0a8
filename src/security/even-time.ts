import { setTimeout as wait } from 'node:timers/promises';

/** More than the work takes on an idle machine, with what a transaction of more or fewer rows differs by. */
const FLOOR_MS = 50;

/**
 * Runs work whose outcome nobody is told, and answers no sooner than after the same time, whatever it found: an insert more or less
 * would tell who looks at the clock (ASVS 6.3.8). What takes longer is longer by what all wait for, the queue of passwords.
 */
export async function evenly<T>(work: () => Promise<T>): Promise<T> {
  const floor = wait(FLOOR_MS);
  try {
    return await work();
  } finally {
    await floor;
  }
}
