import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** One import or re-export of another file of ours. */
export interface Import {
  /** Path from the root of the project, as in `src/users/users.service.ts`. */
  readonly target: string;
  /** Names as the other file exports them; `*` for all of them or for a side effect. */
  readonly names: readonly string[];
  /** It is gone once compiled. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly text: string;
  readonly ast: ts.SourceFile;
  readonly imports: readonly Import[];
  readonly packages: readonly string[];
}

/** Every file that a glob names, parsed. */
export function readSources(glob: string): SourceFile[] {
  return globSync(glob)
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
    .map((path) => {
      const text = readFileSync(path, 'utf8');
      const ast = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
      const specifiers = specifiersOf(ast);
      return {
        path,
        text,
        ast,
        lines: text.split('\n').length - 1,
        imports: specifiers.filter(({ from }) => from.startsWith('.')).map((each) => toImport(path, each)),
        packages: specifiers.map(({ from }) => from).filter((from) => !from.startsWith('.')),
      };
    });
}

/** A function, method or constructor with a body, and how many lines it takes from its name to its last brace. */
export function functionsIn({ ast, path }: SourceFile): { name: string; lines: number }[] {
  const found: { name: string; lines: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const lineOf = (position: number) => ast.getLineAndCharacterOfPosition(position).line;
      found.push({ name: `${path} ${nameOf(node)}`, lines: lineOf(node.end) - lineOf(startOf(node)) + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return found;
}

/** Exported functions and classes without a comment in front of them that documents them. */
export function undocumented({ ast, path }: SourceFile): string[] {
  return ast.statements.flatMap((statement) => {
    if (!ts.isFunctionDeclaration(statement) && !ts.isClassDeclaration(statement)) return [];
    const exported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    const documented = ts.getJSDocCommentsAndTags(statement).length > 0;
    return exported && !documented ? [`${path} ${statement.name?.text}`] : [];
  });
}

/** The names in the `exports` array of a file's `@Module()`. */
export function moduleExports({ ast }: SourceFile): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'exports') {
      const list = node.initializer as ts.ArrayLiteralExpression;
      names.push(...list.elements.map((element) => element.getText()));
    }
    ts.forEachChild(node, visit);
  };
  for (const statement of ast.statements) {
    if (ts.isClassDeclaration(statement)) for (const each of ts.getDecorators(statement) ?? []) visit(each);
  }
  return names;
}

interface Specifier extends Omit<Import, 'target'> {
  readonly from: string;
}

function specifiersOf(ast: ts.SourceFile): Specifier[] {
  return ast.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    if (!statement.moduleSpecifier) return [];
    const from = (statement.moduleSpecifier as ts.StringLiteral).text;
    const clause = ts.isImportDeclaration(statement) ? statement.importClause : statement;
    const named = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : statement.exportClause;
    const elements = named && (ts.isNamedImports(named) || ts.isNamedExports(named)) ? [...named.elements] : [];
    const wholeTypes = clause !== undefined && clause.isTypeOnly;
    const typeOnly = wholeTypes || (elements.length > 0 && elements.every((element) => element.isTypeOnly));
    const names = elements.map((element) => (element.propertyName ?? element.name).text);
    return [{ from, typeOnly, names: names.length > 0 ? names : ['*'] }];
  });
}

const toImport = (path: string, { from, names, typeOnly }: Specifier): Import => ({
  target: join(dirname(path), from).replaceAll('\\', '/').replace(/\.js$/, '.ts'),
  names,
  typeOnly,
});

// Decorators and comments in front belong to the declaration and not to its length.
function startOf(node: ts.SignatureDeclaration): number {
  return (node.name ?? node).getStart();
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name) return node.name.getText();
  return ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : 'anonymous';
}
