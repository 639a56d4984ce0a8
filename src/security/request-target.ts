/**
 * Path and query of a request target. Servers must take the absolute form as well (RFC 9112, 3.2.2), whose authority is as
 * forged as Host: what goes by the URL (headers, links, the table of methods) must not see it.
 */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const rest = target.replace(/^https?:\/\/[^/?#]*/i, '');
  return rest === target || rest.startsWith('/') ? rest : `/${rest}`;
}
