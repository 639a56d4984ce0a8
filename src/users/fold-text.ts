/**
 * How two addresses or usernames are compared: NFKC, then lower case, so that look-alike forms of one name are one name
 * (RFC 8265 section 3.3). What a person sees is kept as written.
 */
export const foldText = (text: string): string => text.normalize('NFKC').trim().toLowerCase().normalize('NFKC');
