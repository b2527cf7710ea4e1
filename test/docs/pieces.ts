/** The pieces of TypeScript on the pages: what is shown of a program, without its beginning. */
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freshDatabaseUrl } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { startSmtp } from '../support/smtp.ts'
import { typescript } from '../support/typescript.ts'
import { writeInto } from './folder.ts'
import { blocksOf, isFile, pages, readPage } from './page.ts'
import { prelude } from './prelude.ts'

export interface Piece {
  /** From the folder. */
  readonly file: string
  readonly page: string
  /** What it says that it prints, in comments behind `console.log`. */
  readonly prints: readonly string[]
  /** It leaves nothing for those after it. */
  readonly closes: boolean
}

/** What a page names, and this test has elsewhere. */
const documentedPort = '9464'

/** Writes those of all pages; each page has a prelude of its own. */
export async function writePieces(folder: string): Promise<Piece[]> {
  const written: Piece[] = []
  const port = String(await freePort())
  for (const path of await pages()) {
    const page = path.replace(/\W+/g, '-')
    const blocks = blocksOf(await readPage(path))
    const pieces = blocks.filter((block) => block.language === 'ts' && !isFile(block))
    if (pieces.length > 0) await writeInto(folder, `prelude-${page}.ts`, prelude.text)
    for (const { text, line } of pieces) {
      const file = `${page}-line-${line}.ts`
      await writeInto(folder, file, pieceOf(text.replaceAll(documentedPort, port), page))
      const comments = text.matchAll(/console\.log\(.*\) \/\/ ([^:\n]+)/g)
      written.push({
        ...{ file, page, closes: /^await envoyer\.close\(\)/m.test(text) },
        prints: [...comments].map(([, shown]) => shown!.trim()),
      })
    }
  }
  await writeInto(folder, 'sentry.d.ts', prelude.sentry)
  return written
}

/** What it uses and does not bring along comes from the prelude. */
function pieceOf(text: string, page: string): string {
  const wanted = prelude.names.filter((name) => {
    const used = new RegExp(`(?<![.\\w'-])${name}\\b(?!:)`).test(text)
    const own = new RegExp(`^(?:export )?(?:const|function) ${name}\\b|import .*\\b${name}\\b`, 'm')
    return used && !own.test(text)
  })
  return `import { ${wanted.join(', ')} } from './prelude-${page}.ts'\n${text}`
}

/**
 * Runs them in one process, page after page, each page on a database of its own; gives a line for
 * each that threw, hung, or did not print what it says.
 */
export async function runPieces(folder: string, pieces: readonly Piece[]): Promise<string[]> {
  const refuse = (address: string) => (address === prelude.refused ? 550 : undefined)
  await using smtp = await startSmtp({ refuse })
  const databases: Record<string, string> = {}
  for (const { page } of pieces) databases[page] ??= await freshDatabaseUrl()
  const ordered = Object.keys(databases).flatMap((page) =>
    pieces
      .filter((piece) => piece.page === page)
      .sort((one, other) => Number(one.closes) - Number(other.closes)),
  )
  for (const [path, text] of Object.entries(prelude.templates)) {
    await writeInto(folder, `templates/${path}.liquid`, text)
  }
  await writeInto(
    folder,
    'node_modules/@sentry/node/index.js',
    'exports.captureException = () => {}',
  )
  await writeInto(folder, 'run-pieces.ts', runner(ordered, databases))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...typescript, join(folder, 'run-pieces.ts')],
    {
      cwd: folder,
      env: { ...process.env, ...prelude.environment, SMTP_URL: smtp.url, DKIM_KEY: dkimKey() },
    },
  )
  const told = stdout.split('\n').filter((line) => line.startsWith('piece '))
  return [
    ...told.filter((line) => !line.endsWith(' ran')),
    ...pieces
      .filter(({ file }) => !told.some((line) => line.includes(file)))
      .map(({ file }) => file),
  ]
}

const dkimKey = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()

const runner = (pieces: readonly Piece[], databases: Readonly<Record<string, string>>) => `
import { setTimeout as sleep } from 'node:timers/promises'

const printed: string[] = []
const log = console.log
console.log = (...values: unknown[]) => void printed.push(values.join(' '))
for (const { file, page, prints } of ${JSON.stringify(pieces)}) {
  process.env.ENVOYER_DATABASE_URL = ${JSON.stringify(databases)}[page]
  printed.length = 0
  const late = sleep(20_000).then(() => Promise.reject(new Error('It hangs')))
  try {
    await Promise.race([import(\`./\${file}\`), late])
    const missing = prints.filter((text: string) => !printed.some((line) => line.startsWith(text)))
    log(\`piece \${file}\`, missing.length > 0 ? \`printed \${printed}, not \${missing}\` : 'ran')
  } catch (error) {
    log(\`piece \${file}\`, String((error as Error).stack).replaceAll('\\n', ' | '))
  }
}
process.exit()
`
