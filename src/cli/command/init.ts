import { relative } from 'node:path'
import type { Command } from 'commander'
import { makeProject, type Project } from '../init/project.ts'
import type { Out } from '../output/out.ts'
import { alone } from '../session.ts'
import { withExamples } from '../tree.ts'

export function addInit(program: Command): void {
  const command = program
    .command('init')
    .description(
      'Make a first project: a configuration with one event, a template, a script that sends.',
    )
    .argument('[folder]', 'where; without it, here. What is there already is left as it is')
    .action(alone((out, _options, folder?: string) => init(out, folder)))
  withExamples(
    command,
    ['in the folder where you are', 'envoyer init'],
    ['in a new one', 'envoyer init hello'],
  )
}

async function init(out: Out, folder = '.'): Promise<void> {
  const project = await makeProject(folder)
  out.result(project, () => lines(project))
}

function lines({ folder, made, completed, kept, missing, start }: Project): string[] {
  const place = relative(process.cwd(), folder)
  const next = [
    ...(place === '' ? [] : [`cd ${place}`]),
    ...(missing.length > 0 ? [`npm install ${missing.join(' ')}`] : []),
    start,
    'npx envoyer deliveries list',
  ]
  return [
    ...made.map((path) => `made  ${path}`),
    ...completed.map((path) => `made  the script "start" in ${path}`),
    ...kept.map((path) => `kept  ${path} (it was there)`),
    '',
    'Next:',
    ...next.map((line) => `  ${line}`),
  ]
}
