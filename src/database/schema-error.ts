/** The schema is not the one this build was made for; names of migrations only. */
export class SchemaError extends Error {}
