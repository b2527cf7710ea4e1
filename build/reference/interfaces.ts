import { readFile } from 'node:fs/promises'
import ts from 'typescript'

/** One property of an interface, as its doc comment tells of it. */
export interface Property {
  readonly name: string
  readonly required: boolean
  readonly type: string
  /** What the comment says after "Default". */
  readonly byDefault: string | undefined
  /** The rest of the comment, as one line. */
  readonly meaning: string
}

const root = new URL('../../', import.meta.url)

/** The properties of an interface that stand in the file; those that it inherits are not looked up. */
export async function readInterface(path: string, name: string): Promise<Property[]> {
  const declared = (await parse(path)).statements.filter(
    (node): node is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(node) && node.name.text === name,
  )
  const [node] = declared
  if (!node) throw new Error(`${path} has no interface ${name}`)
  return node.members.flatMap((member) =>
    ts.isPropertySignature(member) && member.name ? [toProperty(member)] : [],
  )
}

/** The exported functions of a file with the first lines of their comments. */
export async function readFunctions(
  path: string,
): Promise<{ name: string; parameters: string; meaning: string }[]> {
  const source = await parse(path)
  return source.statements.flatMap((node) => {
    if (!ts.isFunctionDeclaration(node) || !node.name || !isExported(node)) return []
    const parameters = node.parameters.map((each) => oneLine(each.getText())).join(', ')
    return [{ name: node.name.text, parameters, meaning: commentOf(node) }]
  })
}

async function parse(path: string): Promise<ts.SourceFile> {
  const text = await readFile(new URL(path, root), 'utf8')
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
}

function isExported(node: ts.FunctionDeclaration): boolean {
  return node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
}

function toProperty(member: ts.PropertySignature): Property {
  const comment = commentOf(member)
  const stated = /\s*\bDefault:? ((?:[^.]|\.(?!\s|$))+)\.?(?=\s|$)/.exec(comment)
  const marked = /(`[^`]+`) \(default\)/.exec(comment)
  return {
    name: member.name.getText(),
    required: member.questionToken === undefined,
    type: member.type ? typeOf(member.type) : 'unknown',
    byDefault: stated?.[1] ?? marked?.[1],
    meaning: (stated ? comment.replace(stated[0], '') : comment).trim(),
  }
}

/** The type as it is written, without comments and the word that is on every line. */
function typeOf(node: ts.TypeNode): string {
  const bare = node
    .getText()
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\breadonly /g, '')
  return oneLine(bare.replace(/\n\s*(?=[\w'"]+\??:)/g, '; ')).replace(/\{ ?; /g, '{ ')
}

/** The comment in one line, without examples and what is for the compiler. */
function commentOf(node: ts.Node): string {
  const [doc] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  const text = ts.getTextOfJSDocComment(doc?.comment) ?? ''
  return oneLine(text.replace(/```[\s\S]*?```/g, ''))
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
