// Sources as the room rules see them: text, its syntax tree, and what it imports. Comments and strings that merely
// mention something break no rule, which is why the trees are worth their price.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import ts from 'typescript'

/** A TypeScript file: its path from the repository's root, with forward slashes. */
export type Source = {
  readonly path: string
  readonly text: string
  readonly tree: ts.SourceFile
  readonly imports: readonly Import[]
}

export type Import = {
  readonly specifier: string
  /** The file meant, as a path from the root; null for modules of Node and packages. */
  readonly path: string | null
  readonly line: number
  /** import('...'): loaded only when that is reached */
  readonly onDemand: boolean
}

/** A source from its text. */
export function parseSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true)
  const imports: Import[] = []
  for (const node of nodesOf(tree)) {
    const specifier = specifierOf(node)
    if (specifier === undefined) continue
    const onDemand = ts.isCallExpression(node)
    imports.push({ specifier, path: resolve(path, specifier), line: lineOf(tree, node), onDemand })
  }
  return { path, text, tree, imports }
}

/** Every TypeScript source below the given folders of the repository, sorted by path. Folders may be missing. */
export function readSources(folders: readonly string[]): Source[] {
  const root = new URL('../../', import.meta.url)
  const paths = folders
    .filter((folder) => existsSync(new URL(folder, root)))
    .flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${folder}/${file.replaceAll('\\', '/')}`,
      ),
    )
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .sort()
  return paths.map((path) => parseSource(path, readFileSync(new URL(path, root), 'utf8')))
}

/** Every node of a tree, parents first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  const children: ts.Node[] = []
  ts.forEachChild(node, (child) => {
    children.push(child)
  })
  for (const child of children) yield* nodesOf(child)
}

/** The line a node begins on, counted from 1. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1
}

// What a node imports, if it does: a declaration, import('...') as an expression, or import('...') as a type.
function specifierOf(node: ts.Node): string | undefined {
  const named = (expression: ts.Node | undefined): string | undefined =>
    expression !== undefined && ts.isStringLiteralLike(expression) ? expression.text : undefined
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return named(node.moduleSpecifier)
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return named(node.argument.literal)
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return named(node.arguments[0])
  return undefined
}

function resolve(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')
}
