/** What this service is called where people see it: in their authenticators, and in no password of theirs. */
export const PRODUCT = 'Rampart';
