const CODES = ['code', 'constraint', 'table', 'column', 'statusCode'] as const;

/**
 * What a log may hold of an error: its kind, codes and where it was thrown (ASVS 16.2.5). An error of the database also carries
 * the parameters of its query, and in its words the values that it refused: hashes, addresses, the content of records.
 */
export function loggableError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { driverError, severity } = error as { driverError?: unknown; severity?: unknown };
  const ofDatabase = driverError !== undefined || severity !== undefined;
  const source = { ...error, ...(driverError as object | undefined) } as Record<string, unknown>;
  const codes = CODES.filter((name) => ['string', 'number'].includes(typeof source[name]));
  return {
    type: error.name,
    ...(ofDatabase ? {} : { message: error.message }),
    ...Object.fromEntries(codes.map((name) => [name, source[name]])),
    at: error.stack?.match(/^ +at .+$/gm)?.map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: loggableError(error.cause) }),
  };
}
