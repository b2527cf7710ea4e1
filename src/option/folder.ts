import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The templates' folder as a path. */
export function folderOf(
  templates: string | URL | undefined,
  problems: string[],
): string | undefined {
  if (templates === undefined) return undefined
  if (templates instanceof URL && templates.protocol !== 'file:') {
    problems.push(`\`templates\`: ${templates.protocol} is not a folder of this machine`)
    return undefined
  }
  const folder = templates instanceof URL ? fileURLToPath(templates) : templates
  if (!(existsSync(folder) && statSync(folder).isDirectory())) {
    problems.push(`\`templates\`: there is no folder ${folder}`)
  }
  return folder
}
