import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 5;

/** A port of loopback that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

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
