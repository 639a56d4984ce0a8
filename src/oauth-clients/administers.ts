import type { Principal } from '../security/principal.js';

/** Administrators manage every client; what they make is nobody's. */
export const administers = ({ roles }: Pick<Principal, 'roles'>): boolean => roles.includes('admin');
