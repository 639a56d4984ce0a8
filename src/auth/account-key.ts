/** White space, and what is drawn as nothing: joiners, soft hyphens, marks of direction, variation selectors. */
const INVISIBLE = /[\s\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]/gu;

/**
 * Of an address as it is compared, the account that guesses at its password are counted for: one for all forms that look alike.
 * Only to count: two accounts may share one, and who is meant is looked up as before.
 */
export const accountKey = (emailKey: string): string => emailKey.replace(INVISIBLE, '').normalize('NFKC');
