import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { FIRST_BYTE_MS } from './client-timeouts.js';

type Listener = (this: Server, socket: Socket) => void;

/**
 * Lets a connection in with its first byte: until then it is a socket and no more, a quarter of what Node's HTTP keeps for one, and
 * a small part of what TLS does. Returns what closes those that have said nothing yet.
 */
export function awaitFirstByte(server: Server): () => void {
  const silent = new Set<Socket>();
  const listeners = server.listeners('connection') as Listener[];
  server.removeAllListeners('connection');
  server.on('connection', (socket) => {
    const forget = () => silent.delete(socket);
    const leave = () => socket.destroy();
    silent.add(socket);
    socket.once('close', forget).once('error', leave).setTimeout(FIRST_BYTE_MS, leave);
    // The byte stays where it is for whoever listens next.
    socket.once('readable', () => {
      forget();
      socket.off('close', forget).off('error', leave).setTimeout(0, leave);
      for (const listener of listeners) listener.call(server, socket);
    });
  });
  return () => silent.forEach((socket) => socket.destroy());
}
