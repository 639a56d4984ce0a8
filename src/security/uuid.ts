const CANONICAL = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in its one canonical spelling (RFC 9562 section 4): it is compared as text, and PostgreSQL would refuse others. */
export const isUuid = (text: string): boolean => CANONICAL.test(text);
