import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** BackendKeyData: its type, its length, the process and the key, by which a client may cancel a statement. */
const KEY = Buffer.from([0x4b, 0, 0, 0, 12]);

/** What stands in for a connection pooler: it passes everything on, and names a process of its own invention. */
export async function startPooler(databaseUrl: string): Promise<{ url: string; stop: () => void }> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => client.write(renamed(chunk)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function renamed(chunk: Buffer): Buffer {
  const at = chunk.indexOf(KEY);
  // It comes once, in the answer to the login, before anybody could have sent such bytes.
  if (at >= 0) chunk.writeInt32BE(0x1234567, at + KEY.length);
  return chunk;
}
