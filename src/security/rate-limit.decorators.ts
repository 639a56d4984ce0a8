import { parseLimits } from '../config/limits.js';
import { configure } from './route-config.js';

/** A secret can be guessed on this route (ASVS 6.3.1): `RATE_LIMIT_SENSITIVE` counts by address, over all such routes. */
export const Sensitive = () => configure({ sensitive: true });

/** Windows of this route alone, by address, as in `5/minute` or `200/day;50/hour`. */
export const RouteLimit = (limits: string) => configure({ limits: parseLimits(limits) });

/** Probes and public documents: no tier but `address`. */
export const AddressLimitOnly = () => configure({ addressLimitOnly: true });
