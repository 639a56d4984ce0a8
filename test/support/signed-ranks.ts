/**
 * Wilcoxon's signed-rank test of paired differences, as a number of standard deviations: near 0 when neither of a pair is systematically
 * larger. By ranks, so that a few very slow answers count as no more than slow ones.
 */
export function signedRanks(differences: readonly number[]): number {
  const ranked = differences.filter((each) => each !== 0).toSorted((a, b) => Math.abs(a) - Math.abs(b));
  const n = ranked.length;
  const sum = ranked.reduce((total, each, i) => total + Math.sign(each) * (i + 1), 0);
  return sum / Math.sqrt((n * (n + 1) * (2 * n + 1)) / 6);
}
