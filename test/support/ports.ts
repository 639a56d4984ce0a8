import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 5;

/** Knocks at these ports of loopback without a pause until the work is done; returns those that ever let somebody in. */
export async function portsOpenedDuring(work: Promise<unknown>, ports: readonly number[]): Promise<number[]> {
  const opened = new Set<number>();
  let over = false;
  const end = work.finally(() => (over = true));
  const knocking = ports.map(async (port) => {
    // Once more after the end: what the work left behind would listen still.
    for (let last = false; !last; await wait(POLL_MS)) {
      last = over;
      if (await isOpen(port)) opened.add(port);
    }
  });
  await Promise.all([end, ...knocking]);
  return [...opened];
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
