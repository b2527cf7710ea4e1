import { Argument, type Command } from 'commander'
import { completionScript, namedKinds, type Shell, shells } from '../completion-script.ts'
import { loadEnvoyer } from '../config.ts'
import { alone } from '../session.ts'
import { withExamples } from '../tree.ts'

export function addCompletion(program: Command): void {
  const command = program
    .command('completion')
    .description('Print a script that completes commands, flags and names in a shell.')
    .addArgument(
      new Argument(
        '<shell>',
        'bash or zsh; `events` and `channels` print the names that it asks for',
      ).choices([...shells, ...namedKinds]),
    )
    .action(
      alone(async (out, { config }, what: Shell | (typeof namedKinds)[number]) => {
        if (what === 'bash' || what === 'zsh') {
          const script = completionScript(program, what)
          out.result({ shell: what, script }, () => [script])
          return
        }
        const envoyer = await loadEnvoyer(config)
        const names = envoyer.names[what]
        out.result(names, () => names)
        await envoyer.close()
      }),
    )
  withExamples(
    command,
    ['bash, in this shell', 'source <(envoyer completion bash)'],
    [
      'bash, in all of them',
      'envoyer completion bash > ~/.local/share/bash-completion/completions/envoyer',
    ],
    ['zsh: in ~/.zshrc, after compinit', 'source <(envoyer completion zsh)'],
  )
}
