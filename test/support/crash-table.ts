import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import type { CrashRun, Round } from './crash-rounds.ts'

/** One column of the table: what the kills of one kind did. */
export interface CrashColumn {
  readonly kind: string
  /** What it was measured on. */
  readonly machine: string
  readonly rows: Readonly<Record<string, string>>
}

/** Where thorough runs leave their columns for `npm run docs:crash`. */
const folder = new URL('../../.cache/crash-table/', import.meta.url)

export function columnOf(kind: string, machine: string, run: CrashRun): CrashColumn {
  const { counted, uncounted } = run
  const sum = (pick: (round: Round) => number) =>
    counted.reduce((total, round) => total + pick(round), 0).toLocaleString('en')
  const times = counted.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b)
  const seconds = (ms = 0) => `${(ms / 1000).toFixed(1)} s`
  return {
    kind,
    machine,
    rows: {
      'rounds (and kills that hit nothing, not counted)': `${counted.length.toLocaleString('en')} (${uncounted})`,
      'deliveries acknowledged': sum(({ acknowledged }) => acknowledged),
      'in flight at the kills': sum(({ inFlight }) => inFlight),
      'calls of `send` unacknowledged at the kills': sum(({ unacknowledged }) => unacknowledged),
      '**lost**': sum(({ lost }) => lost.length),
      duplicated: sum(({ duplicated }) => duplicated.length),
      'otherwise wrong': sum(({ wrong }) => wrong.length),
      'time to recover, median': seconds(times[Math.floor(times.length / 2)]),
      'time to recover, longest': seconds(times.at(-1)),
    },
  }
}

/** A table in Markdown, which can be read as it is, too. */
export function tableOf(columns: readonly CrashColumn[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const names = Object.keys(columns[0]?.rows ?? {})
  return [
    line(['', ...columns.map(({ kind }) => kind)]),
    line(['---', ...columns.map(() => '---:')]),
    ...names.map((name) => line([name, ...columns.map(({ rows }) => rows[name] ?? '')])),
  ].join('\n')
}

export async function keepColumn(column: CrashColumn): Promise<void> {
  await mkdir(folder, { recursive: true })
  const file = `${column.kind.replaceAll(/\W+/g, '-')}.json`
  await writeFile(new URL(file, folder), JSON.stringify(column, null, 2))
}

/** What thorough runs have left, always in the same order. */
export async function keptColumns(): Promise<CrashColumn[]> {
  const files = await readdir(folder).catch(() => [])
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')))
  const columns = texts.map((text) => JSON.parse(text) as CrashColumn)
  return columns.sort((a, b) => rank(a) - rank(b))
}

const order = ['worker', 'sender', 'Redis', 'PostgreSQL', 'the one process (embedded)']
const rank = ({ kind }: CrashColumn) => order.indexOf(kind)
