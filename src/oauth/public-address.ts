import type { Provider } from 'oidc-provider';

/** The library builds URLs from the request: whatever Host somebody sends, they are the public ones. */
export function speakOf(provider: Provider, publicUrl: string): void {
  const { host, hostname, protocol } = new URL(publicUrl);
  // Cookies are marked as secure also where a browser takes a line to its own machine for one.
  const fixed = { host, hostname, protocol: protocol.slice(0, -1), secure: true };
  for (const [name, value] of Object.entries(fixed)) Object.defineProperty(provider.request, name, { value });
}
