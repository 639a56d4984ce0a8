import pg from 'pg';
import type { TestDatabase } from './database.js';
import type { Statement } from './queries.js';

/** A node of what `EXPLAIN (FORMAT JSON)` says. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Plan Rows': number;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** What the planner does with a statement. */
export interface Plan {
  readonly text: string;
  readonly nodes: readonly PlanNode[];
}

/** A sort of fewer rows than this orders what an index has already narrowed. */
const FEW = 1000;

/** Asks for the plans of statements as they were sent, parameters included. Queries run, and nothing of it is kept. */
export async function plansOf({ url }: TestDatabase, statements: readonly Statement[]): Promise<Plan[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    const plans: Plan[] = [];
    for (const { text, values } of statements) {
      // What a transaction tells the planner counts until its end, a limit of time not here: this is no race.
      const told = text === 'COMMIT' ? 'RESET enable_seqscan' : /^SET LOCAL enable_seqscan = off/.exec(text)?.[0];
      if (told) await client.query(told);
      if (!/^(SELECT|WITH|UPDATE|DELETE)\b/.test(text)) continue;
      // One that writes again what it has written may break a constraint; its plan is the same without running it.
      const options = text.startsWith('SELECT') ? 'ANALYZE, TIMING OFF, FORMAT JSON' : 'FORMAT JSON';
      const { rows } = await client.query(`EXPLAIN (${options}) ${text}`, [...values]);
      plans.push({ text, nodes: flatten(rows[0]['QUERY PLAN'][0].Plan as PlanNode) });
    }
    return plans;
  } finally {
    await client.query('ROLLBACK');
    await client.end();
  }
}

/** What is wrong with a plan on large tables: all of a table read, or more than a few rows sorted. */
export function faultsOf({ text, nodes }: Plan, large: ReadonlySet<string>): string[] {
  return nodes.flatMap((node) => {
    const { 'Node Type': type, 'Relation Name': relation = '', Plans: [child] = [] } = node;
    const scans = type === 'Seq Scan' && large.has(relation);
    const sorts = type.endsWith('Sort') && Math.max(child?.['Plan Rows'] ?? 0, rowsOf(child)) > FEW;
    return scans || sorts ? [`${type} ${relation} in ${text}`] : [];
  });
}

/** How many rows the statement took from tables, kept or not. */
export const rowsRead = ({ nodes }: Plan): number =>
  nodes.filter((node) => node['Relation Name']).reduce((sum, node) => sum + rowsOf(node), 0);

export const indexesOf = ({ nodes }: Plan): string[] => nodes.flatMap((node) => node['Index Name'] ?? []);

function rowsOf(node: PlanNode | undefined): number {
  const { 'Actual Rows': rows = 0, 'Rows Removed by Filter': removed = 0, 'Actual Loops': loops = 1 } = node ?? {};
  return (rows + removed) * loops;
}

const flatten = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flatten)];
