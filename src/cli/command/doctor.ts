import type { Command } from 'commander'
import type { Finding } from '../../doctor/finding.ts'
import { table } from '../output/table.ts'
import { paint, terminalWidth, visible } from '../output/terminal.ts'
import { duration } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description(
      'Look at the whole set-up, and say what is wrong and what to do. Ends with 1 where something is.',
    )
    .action(onEnvoyer(doctor))
  withExamples(command, ['before a deployment goes live', 'envoyer doctor'])
}

async function doctor({ envoyer, out }: Session): Promise<void> {
  const findings = await envoyer.doctor()
  if (findings.some(({ level }) => level === 'error')) out.failed()
  out.result(findings, () => lines(findings))
}

function lines(findings: readonly Finding[]): string[] {
  const rows = findings.map(({ check, level, tookMs, message }) => [
    ...[level, check, duration(tookMs), message],
  ])
  const remedies = findings.flatMap(({ check, level, remedy }) =>
    remedy === undefined || level === 'ok'
      ? []
      : ['', paint('bold', check), `  ${visible(remedy)}`],
  )
  return [
    ...table(['result', 'of', 'took', 'what'], rows, terminalWidth()),
    ...(remedies.length > 0 ? ['', 'What to do:', ...remedies.slice(1)] : []),
  ]
}
