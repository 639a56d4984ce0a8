/** Marks style for editors and formatters; it is text as it stands. */
export const css = String.raw;
